"""Bytes to values and back, for each wire; pure."""
