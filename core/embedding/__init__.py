"""Pictures and captions to stored vectors, once: the run, its batches, and how fast it was."""
