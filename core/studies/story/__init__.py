"""The deck's claims recomputed, what does not fit in it, and stories that people write themselves."""
