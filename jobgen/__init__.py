"""sqlc for background jobs: one YAML schema → PostgreSQL tables and typed Python.

Importing this package costs nothing: generated code and its worker import
`jobgen.runtime`, the command line imports the rest.
"""

from typing import Final

__version__: Final = "0.1.0"
