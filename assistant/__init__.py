"""A local-first chat for the terminal; this root holds the version and imports nothing."""

__version__ = "0.1.0"
