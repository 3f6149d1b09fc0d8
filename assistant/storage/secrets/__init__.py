"""Keys, and where they are kept: never in plain text, never in a trace, each bound to its route and host."""
