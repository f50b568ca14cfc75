"""Who is measured: jobgen, the raw loop, and the peers at their best settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.environments import Environment

_PSYCOPG: Final = "psycopg[binary]==3.3.9"

_OURS: Final = Environment(name="jobgen", requirements=("-e", ".", _PSYCOPG))
_PGQUEUER: Final = Environment(
    name="pgqueuer",
    requirements=("pgqueuer[asyncpg]==1.6.0", "asyncpg==0.32.0", "uvloop==0.23.0"),
)
_PROCRASTINATE: Final = Environment(
    name="procrastinate",
    requirements=("procrastinate==3.10.0", _PSYCOPG),
)
_OBAN: Final = Environment(
    name="oban",
    requirements=("oban==0.7.0", "orjson==3.13.0", "uvloop==0.23.0", _PSYCOPG),
    python=(3, 12),
)
_AWA: Final = Environment(name="awa", requirements=("awa-pg==0.6.9",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """label: in tables. module: of benchmarks.adapters; options: its arguments.

    batch: jobs in one bulk. package: whose version is shown.
    """

    label: str
    environment: Environment
    module: str
    package: str
    options: tuple[str, ...] = ()
    batch: int = 1000

    @property
    def template(self) -> str:
        """The part of a database's name: subjects that share tables share it."""
        return self.module.rpartition(".")[2]


RAW: Final = Subject(
    label="raw loop",
    environment=_OURS,
    module="raw",
    package="psycopg",
    batch=1_000_000,
)
JOBGEN: Final = Subject(
    label="jobgen",
    environment=_OURS,
    module="jobgen",
    package="jobgen",
    options=("wide", "copy"),
    batch=1_000_000,
)
JOBGEN_DEFAULT: Final = Subject(
    label="jobgen, concurrency 16",
    environment=_OURS,
    module="jobgen",
    package="jobgen",
    options=("mail", "copy"),
    batch=1_000_000,
)
JOBGEN_MANY: Final = Subject(
    label="jobgen, enqueue_many",
    environment=_OURS,
    module="jobgen",
    package="jobgen",
    options=("mail", "many"),
)
JOBGEN_QUIET: Final = Subject(
    label="notify: never",
    environment=_OURS,
    module="jobgen",
    package="jobgen",
    options=("quiet", "copy"),
)
JOBGEN_LOUD: Final = Subject(
    label="notify: always",
    environment=_OURS,
    module="jobgen",
    package="jobgen",
    options=("loud", "copy"),
)
PGQUEUER: Final = Subject(
    label="pgqueuer",
    environment=_PGQUEUER,
    module="peers.pgqueuer",
    package="pgqueuer",
)
PROCRASTINATE: Final = Subject(
    label="procrastinate",
    environment=_PROCRASTINATE,
    module="peers.procrastinate",
    package="procrastinate",
)
OBAN: Final = Subject(
    label="oban",
    environment=_OBAN,
    module="peers.oban",
    package="oban",
)
AWA: Final = Subject(
    label="awa-pg",
    environment=_AWA,
    module="peers.awa",
    package="awa-pg",
    batch=10_000,
)

PEERS: Final = (PGQUEUER, AWA, OBAN, PROCRASTINATE)
