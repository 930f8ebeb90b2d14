"""Files, locks, databases, downloads, processes and memory. Nothing here knows of CLIP."""
