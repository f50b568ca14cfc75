"""Jobs to enqueue for a schema of `schemas`, and what must come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from jobgen.schema.names import attribute, class_name
from tests.properties.cases import ColumnCase, JobCase
from tests.properties.json_classes import JsonObject
from tests.properties.kinds import key
from tests.unseen import Drawn, Unseen

RUN_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Payload:
    """Values by column; a column that is not here is left to the server."""

    values: dict[str, Drawn]
    order: int

    def new(self, job_class: Unseen, enums: Unseen, job: JobCase) -> Unseen:
        """The value of a generated class; `enums` is the generated module."""
        fields = {
            attribute(column.name): _given(enums, column, self.values[column.name])
            for column in job.columns
            if column.name in self.values
        }
        if job.priority:
            fields["priority"] = self.order
        return job_class(**fields, run_at=RUN_AT + self.order * timedelta(minutes=1))


def payloads(job: JobCase) -> st.SearchStrategy[list[Payload]]:
    """Rows of one job, in queue order."""
    required = {
        column.name: _values(column)
        for column in job.columns
        if not (column.nullable or column.defaulted)
    }
    optional = {
        column.name: _values(column)
        for column in job.columns
        if column.nullable or column.defaulted
    }
    row = st.fixed_dictionaries(required, optional=optional)
    return st.lists(row, min_size=1, max_size=3).map(
        lambda rows: [Payload(values, order) for order, values in enumerate(rows)]
    )


def _values(column: ColumnCase) -> st.SearchStrategy[Drawn]:
    if column.refers:
        return st.none()
    values = column.kind.values
    if column.json_class is not None:
        values = values.map(JsonObject)
    return st.none() | values if column.nullable else values


def _given(enums: Unseen, column: ColumnCase, value: Drawn) -> Drawn:
    """What a producer passes for a value that was drawn."""
    if column.json_class is not None and isinstance(value, JsonObject):
        return column.json_class.given(value)
    return _member(enums, column, value)


def _member(enums: Unseen, column: ColumnCase, value: Drawn) -> Drawn:
    if column.enum is None or value is None:
        return value
    labels = getattr(enums, class_name(column.enum))
    many = column.kind.sql.endswith("[]")
    return [labels(each) for each in value] if many else labels(value)


def check_row(job: JobCase, payload: Payload, enums: Unseen, row: Unseen) -> None:
    """`row` is what was enqueued, in values of the annotated types."""
    for column in job.columns:
        found = getattr(row, attribute(column.name))
        if column.name in payload.values:
            wanted = payload.values[column.name]
        elif column.default_is_known:
            wanted = column.default
            if column.json_class is not None:
                wanted = JsonObject(wanted)
        elif column.defaulted:
            continue
        else:
            wanted = None
        if column.json_class is not None and found is not None:
            found = column.json_class.taken(found)
        if wanted is not None:
            wanted = _member(enums, column, column.kind.loaded(wanted))
        assert (column.name, key(found)) == (column.name, key(wanted))
