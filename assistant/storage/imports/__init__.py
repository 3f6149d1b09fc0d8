"""Conversations of other programs: read from their exports, and taken in like our own."""
