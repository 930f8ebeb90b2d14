"""Zero-shot classification: pictures named by the closest class text, and one picture by itself."""
