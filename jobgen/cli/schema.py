"""`jobgen schema`: the JSON Schema of the grammar, for editors."""

from __future__ import annotations

import argparse
import json

from jobgen.cli import report
from jobgen.schema.json_schema import json_schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There is nothing to say."""


def run(arguments: argparse.Namespace) -> int:
    report.print_result(text().removesuffix("\n"))
    return 0


def text() -> str:
    """The JSON Schema as a file holds it."""
    return json.dumps(json_schema(), indent=2) + "\n"
