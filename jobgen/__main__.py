"""`python -m jobgen`: the command line, where no script is on the PATH."""

import sys

from jobgen.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
