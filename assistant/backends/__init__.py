"""Adapters behind `ports.Backend`; they do not know each other."""
