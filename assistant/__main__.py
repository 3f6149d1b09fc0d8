"""Lets `python -m assistant` start the command line."""

import sys

from assistant.cli import main

if __name__ == "__main__":
    sys.exit(main())
