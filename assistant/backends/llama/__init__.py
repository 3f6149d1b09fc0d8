"""llama.cpp in a process of its own: the client that the screen holds and the worker that it talks to."""
