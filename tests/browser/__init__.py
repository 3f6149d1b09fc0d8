"""The chat in a browser, run by hand: `make browser`."""
