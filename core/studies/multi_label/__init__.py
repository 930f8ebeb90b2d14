"""Zero-shot where an image may have none or several labels: each class by itself, over all images."""
