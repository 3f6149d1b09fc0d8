"""HailoRT's bindings: the native part and the Python around it."""
