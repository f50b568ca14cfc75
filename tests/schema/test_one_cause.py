"""One mistake is reported once: what follows from it is not, and hides nothing."""

from __future__ import annotations

import pytest

from tests.schema.examples import codes, load

_REFERENCE = "{type: TYPE, references: {table: a_jobs, column: COLUMN, on_delete: DO}}"


def _reference(type: str, column: str, on_delete: str = "cascade") -> str:
    text = _REFERENCE.replace("TYPE", type).replace("COLUMN", column)
    return text.replace("DO", on_delete)


def _jobs(settings: str) -> str:
    return f"jobs:\n  a:\n    {settings}\n"


def _referring(target: str, type: str, column: str) -> str:
    return _jobs(target) + f"  b:\n    columns:\n      c: {_reference(type, column)}\n"


_ENUM_COLUMN = "jobs: {a: {columns: {k: {type: kind, default: new}}}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What a misspelt key holds is read as if it were spelt right.
        (f"enmus: {{kind: [new]}}\n{_ENUM_COLUMN}", ["unknown-key"]),
        ("job: {a: {columns: {b: txt}}}\n", ["unknown-key", "unknown-type"]),
        (_jobs("columns: {b: {tpye: text}}\n    indexes: [[b]]"), ["unknown-key"]),
        (
            _jobs("columns: {b: {type: text, nulable: true, default: null}}"),
            ["unknown-key"],
        ),
        # Enums of which something could not be read.
        (f"enums: [kind]\n{_ENUM_COLUMN}", ["wrong-type"]),
        (f"enums: *kinds\n{_ENUM_COLUMN}", ["alias"]),
        (f"enums: {{<<: *kinds}}\n{_ENUM_COLUMN}", ["alias"]),
        (f"enums: {{kind: new}}\n{_ENUM_COLUMN}", ["wrong-type"]),
        (f"enums: {{kind: []}}\n{_ENUM_COLUMN}", ["empty-enum"]),
        (f"enums:\n  kind: [old]\n  kind: [new]\n{_ENUM_COLUMN}", ["duplicate-key"]),
        (f"enums: {{kind: [old, [new]]}}\n{_ENUM_COLUMN}", ["wrong-type"]),
        (
            f"enums: {{kind: {{labels: [old], deprecated: new}}}}\n{_ENUM_COLUMN}",
            ["wrong-type"],
        ),
        (
            "enums: {text: [old]}\n"
            + _jobs("columns: {b: {type: text, default: new}}"),
            ["reserved-name"],
        ),
        (f"enums: {{Kind: [new]}}\n{_ENUM_COLUMN}", ["bad-name"]),
        # Columns of which something could not be read, and indexes on them.
        (_jobs("columns: 5\n    indexes: [[b]]"), ["wrong-type"]),
        (_jobs("columns: [b]\n    indexes: [[b]]"), ["wrong-type"]),
        (_jobs("columns: *all\n    indexes: [[b]]"), ["alias"]),
        (_jobs("columns: {<<: *all}\n    indexes: [[b]]"), ["alias"]),
        (_jobs("indexes: [[b]]"), ["missing-key"]),
        (_jobs("<<: *all"), ["alias"]),
        (_jobs("columns: {b: txt}\n    indexes: [[b]]"), ["unknown-type"]),
        (_jobs("columns: {userId: int}\n    indexes: [[user_id]]"), ["bad-name"]),
        (
            _jobs("columns: {b: text}\n    columns: {c: text}\n    indexes: [[c]]"),
            ["duplicate-key"],
        ),
        # Whether a column is nullable cannot be told.
        (
            _jobs("columns: {b: {type: text, nullable: yes, default: null}}"),
            ["wrong-type"],
        ),
        (_jobs("columns: {b: {type: 'text?', default: null}}"), ["nullable-type"]),
        (
            _jobs(
                "columns: {b: {type: bigint, nullable: yes, references:"
                " {table: users, column: id, on_delete: set null}}}"
            ),
            ["wrong-type"],
        ),
        # One end of a reference could not be read.
        (_referring("columns: 5", "text", "b"), ["wrong-type"]),
        (_referring("columns: {b: txt}", "text", "b"), ["unknown-type"]),
        (_referring("columns: {}\n    id: uid", "uuid", "id"), ["bad-value"]),
        (
            _referring(
                "columns: {b: text}\n    indexes: [{columns: [b], unique: yes}]",
                "text",
                "b",
            ),
            ["wrong-type"],
        ),
        (_referring("columns: {b: text}\n    indexes: 5", "text", "b"), ["wrong-type"]),
        # A setting that is compared with another one could not be read.
        (_jobs("columns: {}\n    backoff: {delay: 48h, max: 1 w}"), ["bad-duration"]),
        (
            f"jobs:\n  {'a' * 60}:\n    columns: {{b: text}}\n    indexes: [[b]]\n",
            ["too-long-name"],
        ),
    ],
)
def test_what_follows_from_a_mistake_is_not_reported(
    text: str, expected: list[str]
) -> None:
    """A user who mends what is reported has mended all of it."""
    assert codes(text) == expected


_MISTAKES_IN_DEFAULTS = [
    ("columns: {b: txt}", ["unknown-type"]),
    ("columns: {b: {type: text, nulable: true}}", ["unknown-key"]),
    ("columns: {b: {type: int, default: x}}", ["bad-default"]),
    ("columns: {b: {type: text, python: 'a:B'}}", ["python-needs-json"]),
    ("columns: {b: {type: int, default: 1, default_sql: '2'}}", ["two-defaults"]),
    ("columns: {b: {type: text, nullable: yes}}", ["wrong-type"]),
    ("columns: {b: [text]}", ["wrong-type"]),
    ("columns: {Bb: text}", ["bad-name"]),
    ("columns: [b]", ["wrong-type"]),
    ("backoff: {delay: 1h, max: 1m}", ["delay-above-max"]),
    ("columns: {b: txt, c: {type: int, default: x}}", ["unknown-type", "bad-default"]),
]


@pytest.mark.parametrize(("settings", "expected"), _MISTAKES_IN_DEFAULTS)
@pytest.mark.parametrize(
    "job",
    [
        "{columns: {}}",
        "{columns: {b: text, Bb: text, c: text}, backoff: {delay: 1s}}",
    ],
    ids=["taken", "overridden"],
)
def test_a_mistake_in_defaults_is_reported_once(
    settings: str, expected: list[str], job: str
) -> None:
    """Whether every job has it, or none, because all say something else."""
    jobs = "".join(f"  job{number}: {job}\n" for number in range(3))
    found = load(f"defaults: {{{settings}}}\njobs:\n{jobs}").diagnostics
    assert [each.code for each in found if each.span.start.line == 4] == expected


@pytest.mark.parametrize(
    ("default", "own"),
    [
        ("columns: {b: {nullable: true}}", "columns: {b: {type: text}}"),
        ("columns: {b: {default: 5}}", "columns: {b: {type: int}}"),
        (
            "columns: {b: {type: int, default: null}}",
            "columns: {b: {nullable: true}}",
        ),
        (
            f"columns: {{b: {_reference('bigint', 'id', 'set null')}}}",
            "columns: {b: {nullable: true}}",
        ),
        (
            f"columns: {{b: {_reference('bigint', 'id', 'set default')}}}",
            "columns: {b: {default: 0}}",
        ),
        (
            "columns: {b: {references: {table: users, on_delete: cascade}}}",
            "columns: {b: {type: int, references: {column: id}}}",
        ),
        (
            "columns: {b: {type: jsonb, decode: 'a:b', encode: 'a:c'}}",
            "columns: {b: {python: 'a:B'}}",
        ),
        ("backoff: {delay: 48h}", "columns: {}, backoff: {max: 7d}"),
    ],
)
def test_what_defaults_lack_jobs_may_add(default: str, own: str) -> None:
    """Only what is written there is judged there."""
    text = f"defaults: {{{default}}}\njobs:\n  a: {{{own}}}\n"
    assert codes(text) == []


def test_a_broken_half_of_a_reference_does_not_hide_the_other() -> None:
    """Both are reported in one run."""
    text = f"{_jobs('columns: {}')}  b:\n    columns:\n"
    text += f"      c: {_reference('text', 'zz', 'cascde')}\n"
    assert codes(text) == ["unknown-column", "bad-value"]


def test_a_name_that_is_too_long_by_itself_is_reported_beside_its_table() -> None:
    """Shortening the table would not be enough."""
    table, column = "a" * 42, "b" * 60
    text = (
        f"jobs:\n  {table}:\n    columns: {{{column}: text}}\n    indexes: [[{column}]]"
    )
    assert [(each.span.start.line, each.code) for each in load(text).diagnostics] == [
        (5, "too-long-name"),
        (7, "too-long-name"),
    ]


@pytest.mark.parametrize(
    ("text", "help"),
    [
        (
            "enums: {k: [WELCOME]}\n"
            + _jobs("columns: {b: {type: k, default: welcom}}"),
            "did you mean 'WELCOME'?",
        ),
        ("enums: {kind: [a]}\n" + _jobs("columns: {b: knid}"), "did you mean 'kind'?"),
        (
            _jobs("columns: {email: txt}\n    indexes: [[emial]]"),
            "did you mean 'email'?",
        ),
        (
            _referring("columns: {email: text}", "text", "emial"),
            "did you mean 'email'?",
        ),
        (
            _referring("columns: {}", "bigint", "id").replace("a_jobs", "a_job"),
            "did you mean 'a_jobs'?",
        ),
        (
            _jobs("columns: {b: text}\n    indexes: ['b, c']"),
            "write [b, c]",
        ),
        (
            _jobs("columns: {b: text}\n    indexes: [[run_at]]"),
            "jobgen indexes its own columns; use one of the payload",
        ),
        (_jobs("columns: {}\n    notify: allways"), "did you mean 'always'?"),
        (_jobs("columns: {}\n    on_success: Delete"), "did you mean 'delete'?"),
        (_jobs("columns: {}\n    priority: yes"), "write true, unquoted"),
        (_jobs("columns: {}\n    priority: OFF"), "write false, unquoted"),
        (_jobs("columns: {}\n    retries: 5"), "did you mean 'max_attempts'?"),
        (_jobs("columns: {}\n    delay: 5s"), "it belongs under 'backoff:'"),
        ("timeout: 5s\n" + _jobs("columns: {}"), "it belongs under 'defaults:'"),
        ("schema: jobs\n" + _jobs("columns: {}"), "it belongs under 'postgres:'"),
        (
            _jobs("columns:\n      timeout: 30s"),
            "if this is a setting of the job, indent it like 'columns:'",
        ),
        (_jobs("columns:\n      b: text?[]"), "did you mean 'text[]?'?"),
        (_jobs("columns:\n      b: list[str]"), "did you mean 'text[]'?"),
        (_jobs("columns:\n      b: integer array"), "did you mean 'integer[]'?"),
        (_jobs("columns:\n      b: strng"), "did you mean 'text'?"),
        (_jobs("columns:\n      b: Text"), "did you mean 'text'?"),
    ],
)
def test_what_was_meant_is_guessed(text: str, help: str) -> None:
    """From keys, types, labels, jobs, columns and values, in any case."""
    helps = [each.help for each in load(text).diagnostics]
    assert helps[-1] == help
