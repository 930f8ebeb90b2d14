"""The prompt study: accuracy by template, the search for templates, and the words of one prompt."""
