"""The engine of Text Meets Vision: everything but the pages. Imports no streamlit and, until needed, no torch."""
