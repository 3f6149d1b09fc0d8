"""Models on the HAT: over hailo-ollama, or in a process of our own."""
