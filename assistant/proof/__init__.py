"""The proof from outside: the program runs in a closed network, and what tries to leave is counted where it would arrive."""
