"""The room where everything that is kept is kept."""
