"""The indexes of a job's table: which there are, and their names."""

from __future__ import annotations

from jobgen.schema.indexes import payload_indexes
from tests.schema.examples import job

_USER = (
    "user_id: {type: int, references: {table: users, column: id, on_delete: cascade}}"
)


def _indexes(columns: str, indexes: str) -> list[tuple[str, str | None]]:
    found = payload_indexes(job(f"{{columns: {{{columns}}}, indexes: [{indexes}]}}"))
    return [
        (index.name.removeprefix("send_mail_jobs_"), index.where) for index in found
    ]


def test_indexes_on_the_same_columns_differ_in_name_by_their_conditions() -> None:
    """Only where they have to, and in whatever order they are written."""
    plain, sent, failed = (
        "[a]",
        "{columns: [a], where: b > 1}",
        "{columns: [a], where: b > 2}",
    )
    assert _indexes("a: int, b: int", sent) == [("a_idx", "b > 1")]
    unique = "{columns: [a], unique: true, where: b > 1}"
    assert _indexes("a: int, b: int", f"{sent}, {unique}, [b]") == [
        ("a_idx", "b > 1"),
        ("a_key", "b > 1"),
        ("b_idx", None),
    ]
    three = _indexes("a: int, b: int", f"{sent}, {plain}, {failed}")
    assert three == [
        ("a_b6c06294_idx", "b > 1"),
        ("a_idx", None),
        ("a_a788c283_idx", "b > 2"),
    ]
    again = _indexes("a: int, b: int", f"{failed}, {sent}, {plain}")
    assert sorted(again) == sorted(three)


def test_a_reference_has_an_index_of_all_rows() -> None:
    """A partial one cannot serve a DELETE in the other table."""
    partial = "{columns: [user_id], where: user_id > 9}"
    assert _indexes(_USER, "") == [("user_id_idx", None)]
    assert _indexes(_USER, "{columns: [user_id], unique: true}") == [
        ("user_id_key", None)
    ]
    assert _indexes(f"{_USER}, a: int", "[user_id, a]") == [("user_id_a_idx", None)]
    assert _indexes(_USER, partial) == [
        ("user_id_12e03273_idx", "user_id > 9"),
        ("user_id_idx", None),
    ]
