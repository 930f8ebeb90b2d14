"""Pictures that a text, a picture or a sum of both brings up, and how two lists of them differ."""
