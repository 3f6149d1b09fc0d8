"""The commands of the command line: each parses, asks the wiring, prints facts to stdout and talk to stderr."""
