"""Thin screens over the engine; the only room that knows textual."""
