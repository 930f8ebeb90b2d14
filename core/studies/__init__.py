"""Questions to stored vectors, one package each."""
