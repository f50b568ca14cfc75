"""What generated code and handlers import: values, outcomes, and the worker.

Imports psycopg and the standard library only; it is shipped to production. What
takes no part in enqueueing on a `psycopg.Connection` is loaded when it is first
asked for: a web application should not pay for it at every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobgen.runtime import sync, values
from jobgen.runtime.backoff import Backoff, retry_delay
from jobgen.runtime.construct import maker
from jobgen.runtime.errors import DecodeError
from jobgen.runtime.job import (
    PROTOCOL,
    Input,
    JobType,
    Lease,
    Notifications,
    Policy,
    Producer,
    Row,
    Shape,
    Statements,
)
from jobgen.runtime.late import load_late
from jobgen.runtime.status import JobStatus
from jobgen.runtime.values import DEFAULT, STATUSES, Default, JsonValue, Labels

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
    "load_late",
    "maker",
    "rehearse",
    "retry_delay",
    "run",
    "sync",
    "values",
]

if TYPE_CHECKING:
    from jobgen.runtime import aio
    from jobgen.runtime.attempt import Current, current, rehearse
    from jobgen.runtime.handlers import Bound, Handler, Handlers, bind
    from jobgen.runtime.outcome import Cancel, Outcome, Retry, Snooze
    from jobgen.runtime.package import Package
    from jobgen.runtime.preflight import RefusedError
    from jobgen.runtime.stats import Stats
    from jobgen.runtime.worker import Worker, run
else:  # hidden from type checkers, which would believe in any name
    _HOMES = {
        "Bound": "handlers",
        "Cancel": "outcome",
        "Current": "attempt",
        "Handler": "handlers",
        "Handlers": "handlers",
        "Outcome": "outcome",
        "Package": "package",
        "RefusedError": "preflight",
        "Retry": "outcome",
        "Snooze": "outcome",
        "Stats": "stats",
        "Worker": "worker",
        "bind": "handlers",
        "current": "attempt",
        "rehearse": "attempt",
        "run": "worker",
    }
    __getattr__, __dir__ = load_late(__name__, __all__, _HOMES)
