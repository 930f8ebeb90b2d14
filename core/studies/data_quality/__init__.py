"""What may be wrong with the images and labels themselves: near-duplicates and likely label errors."""
