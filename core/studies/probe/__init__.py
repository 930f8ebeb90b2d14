"""The linear probe: logistic regression on image embeddings, trained on one split and tested on another."""
