"""Tables of what is known by name: models, data sets, prompts, class names, published figures."""
