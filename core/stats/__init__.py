"""Numbers from arrays: metrics, scores, intervals and tests, the gallery that is searched, logistic regression."""
