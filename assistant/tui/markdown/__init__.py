"""Markdown as lines for a terminal: parsed, wrapped and laid out once, also while the text still grows."""
