"""Picture files: which are read, one file to pixels or one clear reason why not, thumbnails and uploads."""
