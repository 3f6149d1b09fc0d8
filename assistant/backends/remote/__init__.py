"""Model servers over HTTP: the clouds of providers on two wires, a network's own servers, and those on this machine."""
