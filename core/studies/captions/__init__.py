"""Caption retrieval: the benchmark in both directions, one caption, one picture."""
