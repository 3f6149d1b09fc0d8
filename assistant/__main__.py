"""Lets `python -m assistant` start the command line."""

import sys

from assistant.cli import run

if __name__ == "__main__":
    sys.exit(run())
