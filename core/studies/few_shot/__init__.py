"""Few-shot classification: accuracy with K labelled pictures a class, by method, over several draws."""
