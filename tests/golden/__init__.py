"""What scripts, links and old caches hold on to, kept as files: the net under every change of the house.

`cache/` was made by an earlier commit with `python -m tests.golden.make`. Every command must answer from it without
pictures and without computing a vector, and what it answers must stay as `documents/` says.
"""
