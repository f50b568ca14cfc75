"""What the readers of one file share.

Stage: schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jobgen.schema.diagnostics import Gatherer
from jobgen.schema.labels import Labels
from jobgen.schema.model import Postgres
from jobgen.schema.places import Places
from jobgen.schema.typeguesses import TypeGuesses


class Context(NamedTuple):
    """`found` and `places` fill up; the rest was read before the jobs are."""

    found: Gatherer
    places: Places
    postgres: Postgres
    enum_classes: Mapping[str, str]
    labels: Mapping[str, Labels]
    type_guesses: TypeGuesses
