"""A fault found by making it: answers are made in every known wrong way, and the way that gives those that someone
brought is named."""
