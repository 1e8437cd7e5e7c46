"""`python -m CTEnhanceLib` is the command `ctenhance`."""

import sys

from CTEnhanceLib.cli import main

if __name__ == "__main__":
    sys.exit(main())
