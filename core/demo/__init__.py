"""The embedded demo: generated pictures, two tiny CLIP models and the script that trained them.

Importing this package has no side effects and never imports torch; only `core.demo.train` does.
"""
