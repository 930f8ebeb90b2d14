"""Charts: pure functions of frames. Each returns a `Chart` (figure, title, alt text, rows, file name)."""
