"""What generated code and handlers import: values, outcomes, and the worker.

Imports psycopg and the standard library only; it is shipped to production. What
only a worker needs is imported when it is first asked for: a web application that
enqueues should not pay for it at every start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from jobgen.runtime import aio, sync, values
from jobgen.runtime.backoff import Backoff, retry_delay
from jobgen.runtime.errors import DecodeError
from jobgen.runtime.handlers import Bound, Handler, Handlers, bind
from jobgen.runtime.job import (
    PROTOCOL,
    Input,
    JobType,
    Lease,
    Notifications,
    Package,
    Policy,
    Producer,
    Row,
    Shape,
    Statements,
)
from jobgen.runtime.outcome import Cancel, Outcome, Retry, Snooze
from jobgen.runtime.status import JobStatus
from jobgen.runtime.values import DEFAULT, STATUSES, Default, JsonValue, Labels

if TYPE_CHECKING:
    from jobgen.runtime.attempt import Current, current
    from jobgen.runtime.preflight import RefusedError
    from jobgen.runtime.stats import Stats
    from jobgen.runtime.worker import Worker, run
else:  # hidden from type checkers, which would believe in any name
    _HOMES = {
        "Current": "jobgen.runtime.attempt",
        "current": "jobgen.runtime.attempt",
        "RefusedError": "jobgen.runtime.preflight",
        "Stats": "jobgen.runtime.stats",
        "Worker": "jobgen.runtime.worker",
        "run": "jobgen.runtime.worker",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(_HOMES[name]), name)
        globals()[name] = found
        return found


__all__ = [
    "DEFAULT",
    "PROTOCOL",
    "STATUSES",
    "Backoff",
    "Bound",
    "Cancel",
    "Current",
    "DecodeError",
    "Default",
    "Handler",
    "Handlers",
    "Input",
    "JobStatus",
    "JobType",
    "JsonValue",
    "Labels",
    "Lease",
    "Notifications",
    "Outcome",
    "Package",
    "Policy",
    "Producer",
    "RefusedError",
    "Retry",
    "Row",
    "Shape",
    "Snooze",
    "Statements",
    "Stats",
    "Worker",
    "aio",
    "bind",
    "current",
    "retry_delay",
    "run",
    "sync",
    "values",
]
