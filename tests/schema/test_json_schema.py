"""The JSON Schema that editors get: it says what the loader says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from jobgen.schema.json_schema import json_schema
from jobgen.schema.load import load_schema
from tests.schema.memory import Memory
from tests.schema.validation import problems

_ROOT: Final = Path(__file__).parents[2]
_GOLDEN: Final = _ROOT / "tests" / "golden"
_VALID: Final = (
    _ROOT / "schemas" / "jobs.yaml",
    *sorted(_GOLDEN.glob("builds/*/*.yaml")),  # also what they include
)

_STRUCTURAL: Final = {
    "bad-duration",
    "bad-name",
    "bad-value",
    "empty-enum",
    "empty-index",
    "missing-key",
    "missing-value",
    "not-a-mapping",
    "nullable-type",
    "out-of-range",
    "unknown-key",
    "unsupported-version",
    "wrong-type",
}
"""Codes of mistakes that stand alone. The others come of two things that do not
agree, or are about YAML itself."""


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Draft202012Validator(json_schema())


def _codes(text: str) -> set[str]:
    return {found.code for found in load_schema(text.encode(), "x").diagnostics}


def test_it_is_a_json_schema() -> None:
    """Of the draft that it names."""
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", _VALID, ids=lambda path: str(path.relative_to(_ROOT)))
def test_what_builds_is_accepted(validator: Validator, path: Path) -> None:
    """Every schema file of the project."""
    assert problems(validator, path.read_text("utf-8")) == []


_UNSEEN: Final = {
    # YAML reads it before a validator sees it: 010 is a number like any other.
    "leading-zero/schema.yaml",
    # It has no key that only the file has that is built, and may be an included one.
    "missing-keys/schema.yaml",
}


def _structural() -> set[str]:
    """The golden files with such mistakes, included ones too."""
    paths = _GOLDEN.glob("errors/*/*.yaml")
    files = Memory({f"{p.parent.name}/{p.name}": p.read_bytes() for p in paths})
    roots = [name for name in files.files if name.endswith("/schema.yaml")]
    return {
        found.span.source
        for name in roots
        for found in load_schema(files.files[name], name, files).diagnostics
        if found.code in _STRUCTURAL
    }


def test_all_that_is_not_seen_is_a_mistake() -> None:
    """Not more is left out than has to be."""
    assert _structural() >= _UNSEEN


@pytest.mark.parametrize("case", sorted(_structural() - _UNSEEN))
def test_a_mistake_that_stands_alone_is_found(validator: Validator, case: str) -> None:
    """Every golden file with one."""
    text = (_GOLDEN / "errors" / case).read_text("utf-8")
    assert problems(validator, text) != []


_SCHEMA: Final = """\
jobgen: 1
package: app_jobs
output: ../app_jobs
enums:
  mood: [good, bad]
jobs:
  send_mail:
    columns:
      x: {x}
{more}"""


def _with_column(column: str) -> str:
    return _SCHEMA.replace("{x}", column).replace("{more}", "")


def _with_setting(line: str) -> str:
    return _SCHEMA.replace("{x}", "text").replace("{more}", f"    {line}\n")


def _with_key(line: str) -> str:
    return _SCHEMA.replace("{x}", "text").replace("{more}", f"{line}\n")


_RIGHT: Final = (
    *map(
        _with_column,
        (
            "text?",
            "mood",
            "mood[]?",
            "numeric(12, 2)",
            "decimal( 5 )?",
            "varchar(20)[]",
            "character varying(20)?",
            "double  precision",
            "timestamp with time zone?",
            "{type: text, nullable: true, doc: 2024}",
            "{type: boolean, default: true}",
            "{type: jsonb, default: {a: [1, null]}}",
            "{type: int, default_sql: 5, check: true}",
            "{type: bigint, references: {table: t, column: id, on_delete: no action}}",
        ),
    ),
    *map(
        _with_setting,
        (
            "timeout: 1h30m",
            "timeout: 1d2h3m4s5ms",
            "timeout: null",
            "backoff: {delay: 0s, jitter: 0.25}",
            "backoff: {jitter: 1}",
            "retention: {succeeded: ~, failed: 7d}",
            "indexes: [[x], {columns: [x], unique: true, where: x <> ''}]",
            "priority: true",
            "notify: never",
            "table: true",
            "max_attempts: 2000000000",
        ),
    ),
    *map(
        _with_key,
        (
            "defaults:",
            "defaults: {timeout: 5s}",
            "reserved: [fax, true]",
            "migrations: here",
            "postgres: {schema: app, minimum: 18}",
        ),
    ),
    _with_column("text").replace("[good, bad]", "[2024, true, 1.5]"),
    _with_column("text").replace("[good, bad]", "{labels: [a], deprecated: [b]}"),
    _with_column("text") + "  empty: {columns: }\n",
    _with_column("text") + "  words: {columns: {null: text, true: text}}\n",
    _with_column("text") + "  a:\n  b: {timeout: 5s}\ndefaults: {columns: {y: int}}\n",
    *(
        _with_column(job) + f"defaults: {{columns: {{x: {defaults}}}}}\n"
        for job, defaults in (
            ("{doc: An x.}", "{type: text}"),
            ("{type: text}", "{doc: An x.}"),
            ("{}", "{type: mood, default: good}"),
            ("text", "{nullable: true}"),
            (
                "{references: {on_delete: cascade}}",
                "{type: int, references: {table: t, column: id}}",
            ),
            ("{decode: a:b}", "{type: jsonb, python: a:B}"),
            ("{type: jsonb, python: a:B}", "{encode: a:b}"),
        )
    ),
)


@pytest.mark.parametrize("text", _RIGHT)
def test_what_the_loader_reads_is_accepted(validator: Validator, text: str) -> None:
    """Whatever YAML takes a text without quotes for."""
    assert _codes(text) == set()
    assert problems(validator, text) == []


_WRONG: Final = (
    *map(
        _with_column,
        (
            "5",
            "[text]",
            "",
            "TEXT",
            "money",
            "char(5)",
            "text(5)",
            "text[][]",
            "text[3]",
            "tex t",
            "{}",
            "{type: 'text?'}",
            "{type: text, nullable: 1}",
            "{type: text, nulable: true}",
            "{type: text, doc: ' '}",
            "{type: text, doc: }",
            "{type: text, doc: [a]}",
            "{type: bigint, references: {table: t, column: id}}",
            "{type: bigint, references: {table: t, column: id, on_delete: nothing}}",
        ),
    ),
    *map(
        _with_setting,
        (
            "timeout: 5",
            "timeout: 0s",
            "timeout: 30m1h",
            "timeout: 1.5h",
            "timeout: ''",
            "stale_after:",
            "stale_after: null",
            "priority: yes",
            "priority: 'true'",
            "notify: sometimes",
            "max_attempts: 0",
            "max_attempts: '5'",
            "max_attempts: 1_000",
            "max_attempt: 5",
            "table: A",
            "backoff: {}\n    backof: {}",
            "backoff: 5s",
            "backoff: {jitter: 1.5}",
            "backoff: {strategy: quadratic}",
            "retention: {succeed: 7d}",
            "indexes: [x]",
            "indexes: [[]]",
            "indexes: [{unique: true}]",
            "Columns: {}",
        ),
    ),
    *map(
        _with_key,
        (
            "postgres:",
            "postgres: {minimum: 14}",
            "roles: {producer: null}",
            "roles: {worker: [app, ~]}",
            "defaults: {timeot: 5s}",
            "defaults: [timeout]",
            "reserved: fax",
            "reserved: [Fax]",
            "  SendFax: {columns: {}}",
            "  fax: {columns: {Number: text}}",
            "  fax: {}",
            "  fax:",
            "  fax: text",
        ),
    ),
    _with_column("text").replace("jobgen: 1", "jobgen: 2"),
    _with_column("text").replace("package: app_jobs", ""),
    _with_column("text").replace("output: ../app_jobs", ""),
    _with_column("text").replace("jobgen: 1", ""),
    *(
        _with_column(job) + f"defaults: {defaults}\n"
        for job, defaults in (
            ("{doc: An x.}", ""),
            ("{doc: An x.}", "{columns: }"),
            ("{doc: An x.}", "{columns: {x: text}}"),
            ("{doc: An x.}", "{columns: {x: {doc: The same.}}}"),
            (
                "{type: int, references: {on_delete: cascade}}",
                "{columns: {x: {type: int}}}",
            ),
            ("{type: jsonb, decode: a:b}", "{columns: {x: {type: jsonb}}}"),
            ("{doc: An x., nulable: true}", "{columns: {x: {type: text}}}"),
            ("{type: 5}", "{columns: {x: {type: text}}}"),
        )
    ),
    _with_column("text").replace("[good, bad]", "[]"),
    _with_column("text").replace("[good, bad]", "good"),
    _with_column("text").replace("[good, bad]", "[[good]]"),
    _with_column("text").replace("[good, bad]", "{label: [good]}"),
    "[]",
    "text",
)


@pytest.mark.parametrize("text", _WRONG)
def test_what_the_loader_refuses_is_refused(validator: Validator, text: str) -> None:
    """Each alone, so that no other mistake in the file can stand in for it."""
    assert _codes(text) != set()
    assert problems(validator, text) != []


def _included(text: str) -> set[str]:
    """The codes of what is wrong with an included file, whatever its root is like."""
    root = _with_column("text") + (
        "defaults: {columns: {z: {type: text}}}\ninclude: [b.yaml]\n"
    )
    files = Memory({"b.yaml": text.encode()})
    loaded = load_schema(root.encode(), "a.yaml", files)
    assert {found.span.source for found in loaded.diagnostics} <= {"b.yaml"}
    return {found.code for found in loaded.diagnostics}


@pytest.mark.parametrize(
    "text",
    [
        "jobgen: 1\n",
        "enums: {hue: [red]}\n",
        "jobs: {fax: {columns: {y: text}}}\n",
        "jobs:\n  fax:\n  call: {timeout: 5s}\n",
        "jobs: {fax: {columns: {y: mood, z: {doc: A z.}}}}\n",
    ],
)
def test_an_included_file_is_accepted(validator: Validator, text: str) -> None:
    """It has neither package nor output, and the `defaults` of another file."""
    assert _included(text) == set()
    assert problems(validator, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "jobgen: 2\njobs: {fax: {columns: {}}}\n",
        "package: other\njobs: {fax: {columns: {}}}\n",
        "defaults: {timeout: 5s}\njobs: {fax: {columns: {}}}\n",
        "reserved: [mail]\n",
        "job: {fax: {columns: {}}}\n",
        "enums: {hue: []}\n",
        "include: b.yaml\n",
        "jobs: {fax: {columns: {y: TEXT}}}\n",
        "jobs: {fax: {columns: {y: {type: text, nulable: true}}}}\n",
        "jobs: {fax: {timeout: 5}}\n",
        "jobs: [fax]\n",
    ],
)
def test_a_wrong_included_file_is_refused(validator: Validator, text: str) -> None:
    """As one that is built."""
    assert _included(text) != set()
    assert problems(validator, text) != []


def test_a_job_of_a_root_lacks_nothing(validator: Validator) -> None:
    """The golden case that may be an included file is refused where it is none."""
    path = _GOLDEN / "errors" / "missing-keys" / "schema.yaml"
    text = path.read_text("utf-8") + "package: app_jobs\noutput: ../app_jobs\n"
    assert _codes(text) == {"missing-key"}
    assert problems(validator, text) != []
