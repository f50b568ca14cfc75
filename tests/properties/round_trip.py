"""What is enqueued is fetched, on one connection: the property itself."""

from __future__ import annotations

from importlib import import_module
from uuid import uuid4

from jobgen.schema.names import class_name
from tests.properties.callers import Session
from tests.properties.cases import JobCase, RolesCase
from tests.properties.payloads import Payload, check_row
from tests.unseen import Unseen

_ANYBODY = RolesCase()

WAYS = ("enqueue", "enqueue_many", "enqueue_copy")


def check_job(
    session: Session,
    package: Unseen,
    module: str,
    job: JobCase,
    rows: list[Payload],
    roles: RolesCase = _ANYBODY,
) -> None:
    """Each way in gives back `rows`, by both ways out; the table is empty before.

    Those who enqueue and those who fetch are of the first of `roles`, if any.
    """
    enums = import_module(f"{package.__name__}.enums")
    new_class = getattr(package, class_name(job.name))
    news = [row.new(new_class, enums, job) for row in rows]
    for way in WAYS:
        session.become(*roles.producer[:1])
        if way == "enqueue":
            ids = [session.call(package, module, way, new) for new in news]
        else:
            ids = session.call(package, module, way, news)
        session.become(*roles.worker[:1])
        first = session.call(package, module, "fetch", uuid4())
        assert first is not None, "the first row could not be decoded"
        fetched = [first, *session.call(package, module, "fetch_many", uuid4(), 10)]
        assert ids in ([row.id for row in fetched], len(fetched))
        for row, payload in zip(fetched, rows, strict=True):
            check_row(job, payload, enums, row)
