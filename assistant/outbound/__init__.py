"""The door: the only room with sockets."""
