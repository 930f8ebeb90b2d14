"""Embedding on a Ray cluster of several nodes on this machine; needs requirements-ray.txt."""
