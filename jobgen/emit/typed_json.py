"""The user's classes and functions of JSON columns, as a job's module imports them.

Stage: emit. Their modules may import the generated package, in whatever order, so
it imports them for type checkers only, and where a function needs them. Unlike
jobgen's own names they give way: a name that a generated module may have already
gets a `_` at its end, which no generated name has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jobgen.schema.columns import BASE_COLUMNS
from jobgen.schema.model import ImportPath, Job, TypedJson

GENERATED = """
    Any Backoff BaseException CHANNEL Connection DEFAULT Decimal Default Final
    IPv4Address IPv4Interface IPv4Network IPv6Address IPv6Interface IPv6Network Input
    Iterable JOB JobStatus JobType JsonValue Labels Lease LiteralString Notifications
    Policy Producer Range STATUSES Sequence Shape Statements TABLE TYPE_CHECKING UUID
    annotations backoff_delay bool bytes conn dataclass date datetime dead_after enqueue
    enqueue_copy enqueue_many error fail fetch fetch_many float int job jobs limit list
    new object pending maker rescue retry_delay row str succeed sync time timedelta
    timeout tuple values worker_id
"""
"""What the module of a job may have in reach, constants with SQL apart."""


def local_names(job: Job, generated: Iterable[str]) -> Mapping[ImportPath, str]:
    """What the user's names are called in the module of a job.

    `generated` are the classes of the package, which the module has or may import.
    """
    typed = _typed(job)
    if not typed:
        return {}
    attributes = {column.attribute for column in job.columns}
    taken = {*GENERATED.split(), *BASE_COLUMNS, *generated, *attributes}
    found: dict[ImportPath, str] = {}
    for wiring in typed:
        for path in (wiring.python, wiring.decode, wiring.encode):
            if path.root not in found:
                found[path.root] = _free(path.root.name, taken)
                taken.add(found[path.root])
    return found


def classes(job: Job) -> list[ImportPath]:
    """What annotations need."""
    return [wiring.python for wiring in _typed(job)]


def encoders(job: Job) -> list[ImportPath]:
    return [wiring.encode for wiring in _typed(job)]


def decoders(job: Job) -> list[ImportPath]:
    return [wiring.decode for wiring in _typed(job)]


def _typed(job: Job) -> list[TypedJson]:
    found = (column.typed_json for column in job.columns)
    return [wiring for wiring in found if wiring is not None]


def _free(name: str, taken: set[str]) -> str:
    while name in taken or name.endswith("_SQL"):
        name += "_"
    return name
