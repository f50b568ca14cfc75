"""Names that meet, and names that generated code needs for itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import psycopg
import pytest

from jobgen.emit import emit
from jobgen.schema.checks import RESERVED_CLASSES
from tests.emit.packages import CLASSES
from tests.schema.examples import codes, job, load

_EVERY_TYPE = (
    "smallint real numeric boolean text citext bytea date time timestamptz timestamp"
    " interval uuid json jsonb inet cidr int4range daterange tstzrange"
)


def _bound_names(source: str) -> Iterator[str]:
    """What a module imports or assigns."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def test_no_class_can_hide_what_generated_code_needs() -> None:
    """Each name that a class may have is reserved, or known to give way to it."""
    columns = ", ".join(
        f'c{place}: "{name}", a{place}: "{name}[]?"'
        for place, name in enumerate(_EVERY_TYPE.split())
    )
    loaded = load(
        f"enums: {{k: [x]}}\njobs: {{send_mail: {{columns: {{{columns}}}}}}}\n"
    )
    assert loaded.schema is not None
    files = emit(loaded.schema, source="schema.yaml")
    texts = [text for name, text in files.items() if name.endswith(".py")]
    names = {name for text in texts for name in _bound_names(text)}
    derivable = {name for name in names if re.fullmatch("[A-Z][A-Za-z0-9]*", name)}
    ours = {"K", "SendMail", "SendMailJob"}
    # The type checkers read packages with classes of these names.
    tried = {*CLASSES.split(), "JsonValue", "StrEnum"}
    assert derivable - ours - tried == RESERVED_CLASSES.keys() & derivable
    assert not RESERVED_CLASSES.keys() & tried


@pytest.mark.parametrize(
    "name", ["none", "base_exception", "job_status", "j_o_b", "d_e_f_a_u_l_t"]
)
def test_an_enum_cannot_take_such_a_name(name: str) -> None:
    """The class would hide what its own module cannot do without."""
    text = f"enums: {{{name}: [x]}}\njobs: {{a: {{columns: {{}}}}}}\n"
    assert codes(text) == ["class-collision"]


@pytest.mark.parametrize("name", ["value_error", "range", "any", "u_u_i_d"])
def test_a_job_may_take_the_name_of_an_import(name: str) -> None:
    """What generated code imports gives way."""
    assert codes(f"jobs: {{{name}: {{columns: {{}}}}}}\n") == []


@pytest.mark.parametrize("length", [45, 46])
def test_a_table_name_leaves_room_for_what_is_derived_from_it(length: int) -> None:
    """`notify_job_queued_` takes 18 of the 63 bytes."""
    text = f"jobs: {{a: {{table: {'t' * length}, columns: {{}}}}}}\n"
    assert codes(text) == ([] if length == 45 else ["too-long-name"])


def test_an_index_name_that_is_too_long_is_reported_at_the_index() -> None:
    """The columns themselves are fine."""
    columns = ", ".join(f"{'c' * 18}{place}: int" for place in range(3))
    index = ", ".join(f"{'c' * 18}{place}" for place in range(3))
    text = f"jobs: {{a: {{columns: {{{columns}}}, indexes: [[{index}]]}}}}\n"
    [found] = load(text).diagnostics
    assert found.code == "too-long-name"
    assert text.splitlines()[0][found.span.start.column - 1] == "["


def test_an_index_name_made_longer_by_its_condition_must_fit_too() -> None:
    """It has nine bytes more where another index is on the same columns."""
    name = "c" * 50
    one = f"{{columns: [{name}], where: a > 1}}"
    text = "jobs: {{a: {{columns: {{{0}: int}}, indexes: [{1}]}}}}\n"
    assert codes(text.format(name, one)) == []
    assert codes(text.format(name, f"{one}, [{name}]")) == ["too-long-name"]


@pytest.mark.parametrize(
    ("type_", "target", "on_delete", "code"),
    [
        ("bigint", "table: b_jobs, column: id", "cascade", None),
        ("int", "table: public.b_jobs, column: n", "restrict", None),
        ("text", "table: other, column: x", "cascade", None),
        ("uuid", "table: b_jobs, column: id", "cascade", "reference-type"),
        ("int", "table: b_jobs, column: m", "cascade", "not-unique"),
        ("int", "table: b_jobs, column: q", "cascade", "unknown-column"),
        ("int", "table: other, column: x", "set null", "set-null-not-nullable"),
    ],
)
def test_references_within_the_file_are_checked(
    type_: str, target: str, on_delete: str, code: str | None
) -> None:
    """Those to other tables are the server's to judge."""
    column = f"{{type: {type_}, references: {{{target}, on_delete: {on_delete}}}}}"
    text = (
        f"jobs:\n  a:\n    columns:\n      c: {column}\n"
        "  b:\n    columns: {n: int, m: int}\n"
        "    indexes: [{columns: [n], unique: true}, [m]]\n"
    )
    assert codes(text) == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("", ["no-default-to-set"]),
        ("nullable: false, ", ["no-default-to-set"]),
        ("nullable: true, ", []),
        ("default: 0, ", []),
        ("default_sql: next_user(), ", []),
        ("default: none, ", ["bad-default"]),
        ("nullable: yes, ", ["wrong-type"]),
    ],
)
def test_a_default_to_set_must_be_there(more: str, found: list[str]) -> None:
    """Else it is NULL, and every deletion fails where NULL cannot be."""
    target = "references: {table: users, column: id, on_delete: set default}"
    text = f"jobs: {{a: {{columns: {{c: {{type: int, {more}{target}}}}}}}}}\n"
    assert codes(text) == found


def test_a_reference_is_kept_as_it_was_written() -> None:
    """Qualified where the user qualified it."""
    found = job(
        "{columns: {c: {type: int, nullable: true,"
        " references: {table: app.users, column: id, on_delete: set null}}}}"
    )
    references = found.columns[0].references
    assert references is not None
    assert (references.table, references.column) == ("app.users", "id")
    assert references.on_delete == "set null"


@pytest.mark.parametrize(("priority", "room"), [("false", 1591), ("true", 1590)])
def test_a_table_has_no_more_columns_than_postgresql_allows(
    database: str, priority: str, room: int
) -> None:
    """The last that fits is one that the server takes."""

    def text(columns: int) -> str:
        payload = ", ".join(f"c{number}: int" for number in range(columns))
        return f"jobs: {{a: {{priority: {priority}, columns: {{{payload}}}}}}}\n"

    loaded = load(text(room))
    assert loaded.schema is not None
    with psycopg.connect(database) as conn:
        conn.execute(emit(loaded.schema, source="x")["schema.sql"].encode())
    assert codes(text(room + 1)) == ["too-large"]
