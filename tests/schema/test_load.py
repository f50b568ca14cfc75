"""A schema file becomes the model, with every default filled in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from jobgen.schema.load import load_schema
from jobgen.schema.model import Backoff, Index, Job, Label, Postgres, Retention, Roles
from tests.schema.examples import codes, job, load

EXAMPLE = Path(__file__).parents[2] / "schemas" / "jobs.yaml"


def test_a_job_without_settings_has_the_documented_defaults() -> None:
    """They are the contract with users who write nothing."""
    expected = Job(
        name="send_mail",
        module="send_mail",
        class_name="SendMail",
        row_class_name="SendMailJob",
        table="send_mail_jobs",
        columns=(),
        doc=None,
        id="bigint",
        max_attempts=10,
        timeout=None,
        backoff=Backoff(
            strategy="constant",
            delay=timedelta(seconds=30),
            max=timedelta(hours=24),
            jitter=0.0,
        ),
        concurrency=16,
        stale_after=timedelta(minutes=10),
        priority=False,
        notify="when_idle",
        on_success="keep",
        retention=Retention(succeeded=None, failed=None),
        indexes=(),
        worker="here",
    )
    assert job("{columns: {}}") == expected


def test_every_setting_is_read() -> None:
    """Each has another value than by default."""
    found = job(
        "{columns: {email: text}, doc: ' Hello. ', table: mail, id: uuid,"
        " max_attempts: 3, timeout: 1m, concurrency: 2, stale_after: 1h,"
        " backoff: {strategy: linear, delay: 1s, max: 2s, jitter: 0.5},"
        " priority: true, notify: never, on_success: delete, worker: elsewhere,"
        " retention: {succeeded: 7d, failed: 30d},"
        " indexes: [[email], {columns: [email], unique: true, where: 1 = 1}],"
        " renamed_from: post_mail, reserved: [subject]}"
    )
    assert (found.doc, found.table, found.id) == ("Hello.", "mail", "uuid")
    assert (found.max_attempts, found.concurrency) == (3, 2)
    assert (found.timeout, found.stale_after) == (
        timedelta(minutes=1),
        timedelta(0, 3600),
    )
    assert (found.backoff.strategy, found.backoff.jitter) == ("linear", 0.5)
    assert (found.priority, found.notify, found.on_success) == (True, "never", "delete")
    assert found.worker == "elsewhere"
    assert found.retention.failed == timedelta(days=30)
    assert found.indexes == (
        Index(columns=("email",)),
        Index(columns=("email",), unique=True, where="1 = 1"),
    )


def test_defaults_are_overridden_key_by_key() -> None:
    """Mappings merge, lists replace, and null takes a timeout back."""
    loaded = load(
        """
defaults:
  timeout: 30s
  backoff: {strategy: exponential, delay: 1s}
  columns: {tenant: bigint, note: text}
  indexes: [[tenant]]
jobs:
  a:
    columns: {}
  b:
    timeout: null
    backoff: {delay: 5s}
    columns: {note: "text?", email: text}
    indexes: [[email]]
"""
    )
    assert loaded.schema is not None
    a, b = loaded.schema.jobs
    assert (a.timeout, b.timeout) == (timedelta(seconds=30), None)
    assert (b.backoff.strategy, b.backoff.delay) == (
        "exponential",
        timedelta(seconds=5),
    )
    assert [column.name for column in b.columns] == ["tenant", "note", "email"]
    assert [column.nullable for column in b.columns] == [False, True, False]
    assert (a.indexes, b.indexes) == (
        (Index(columns=("tenant",)),),
        (Index(columns=("email",)),),
    )


def test_enums_keep_order_docs_and_deprecated_labels() -> None:
    """Rows that carry an old label must stay readable, and PostgreSQL cannot move
    it: in both lists it keeps its place in the first."""
    loaded = load(
        "enums:\n  channel: {doc: How., labels: [mail, no], deprecated: [fax, mail]}\n"
        "jobs: {a: {columns: {}}}\n"
    )
    assert loaded.schema is not None
    [enum] = loaded.schema.enums
    assert (enum.name, enum.class_name, enum.doc) == ("channel", "Channel", "How.")
    assert enum.labels == (
        Label(text="mail", member="MAIL", deprecated=True),
        Label(text="no", member="NO"),
        Label(text="fax", member="FAX", deprecated=True),
    )


@pytest.mark.parametrize(
    "default", ["type: k, default: b", "type: 'k[]', default: [a, b]"]
)
def test_a_deprecated_default_is_a_warning(default: str) -> None:
    """Every producer that says nothing would write it."""
    loaded = load(
        "enums: {k: {labels: [a, b], deprecated: [b]}}\n"
        f"jobs: {{a: {{columns: {{k: {{{default}}}}}}}}}\n"
    )
    assert loaded.schema is not None
    [found] = loaded.diagnostics
    assert (found.severity, found.code) == ("warning", "deprecated-default")


_WAIT = "'job_status_not_started', 'job_status_retry'"


@pytest.mark.parametrize(
    ("index", "codes"),
    [
        (f"unique: true, where: status IN ({_WAIT})", ["unique-while-waiting"]),
        (
            "unique: true, where: status <> 'job_status_running'",
            ["unique-while-waiting"],
        ),
        ("unique: true, where: locked_by IS NULL", ["unique-while-waiting"]),
        (f"unique: true, where: status IN ({_WAIT}, 'job_status_running')", []),
        ("unique: true, where: status <> 'job_status_succeeded'", []),
        ("unique: true, where: unlocked_by > 1", []),
        ("unique: true", []),
        (f"where: status IN ({_WAIT})", []),
    ],
)
def test_an_index_that_a_running_job_has_left_is_a_warning_if_unique(
    index: str, codes: list[str]
) -> None:
    """It could not come back where another one waits."""
    columns = "{k: int, unlocked_by: int}"
    block = index.replace("where: ", "where: >-\n          ").replace(
        ", where", "\n        where"
    )
    loaded = load(
        f"jobs:\n  a:\n    columns: {columns}\n    indexes:\n"
        f"      - columns: [k]\n        {block}\n"
    )
    assert loaded.schema is not None
    assert [found.code for found in loaded.diagnostics] == codes
    assert {found.severity for found in loaded.diagnostics} <= {"warning"}


@pytest.mark.parametrize(
    "setting",
    [
        "max_attempts: 3",
        "timeout: 3s",
        "backoff: {}",
        "concurrency: 3",
        "stale_after: 3s",
    ],
)
def test_what_a_worker_of_another_system_ignores_is_a_warning(setting: str) -> None:
    """Where the job says it itself: `defaults` are for all jobs."""
    name, _, _ = setting.partition(":")
    loaded = load(
        f"defaults: {{{setting}}}\njobs:\n"
        f"  a: {{columns: {{}}, worker: elsewhere, {setting}}}\n"
        "  b: {columns: {}, worker: elsewhere, on_success: delete}\n"
        f"  c: {{columns: {{}}, {setting}}}\n"
    )
    assert loaded.schema is not None
    [found] = loaded.diagnostics
    assert (found.severity, found.code) == ("warning", "ignored-setting")
    assert found.message.startswith(f"'{name}' has no effect")
    assert found.span.start.line == 6


def test_postgres_settings_default_to_public_on_15() -> None:
    """And enums are qualified with whatever is said."""
    loaded = load("jobs: {a: {columns: {}}}\n")
    assert loaded.schema is not None
    assert loaded.schema.postgres == Postgres(schema="public", minimum=15)
    loaded = load(
        "postgres: {schema: order, minimum: 18}\nenums: {k: [x]}\n"
        "jobs: {a: {columns: {k: k}}}\n"
    )
    assert loaded.schema is not None
    assert loaded.schema.jobs[0].columns[0].type.sql == '"order".k'


def test_a_role_is_one_name_or_a_list_of_them() -> None:
    """Any name that PostgreSQL has, in its own spelling; one may be in both."""
    loaded = load(
        "roles: {producer: App-Web, worker: [app_worker, App-Web]}\n"
        "jobs: {a: {columns: {}}}\n"
    )
    assert loaded.diagnostics == ()
    assert loaded.schema is not None
    expected = Roles(producer=("App-Web",), worker=("app_worker", "App-Web"))
    assert loaded.schema.roles == expected


def test_keywords_are_names_like_others() -> None:
    """They are quoted in SQL and, where Python insists, get a `_`."""
    found = job("{columns: {class: text, order: text, type: text, self: text}}")
    attributes = [column.attribute for column in found.columns]
    assert attributes == ["class_", "order", "type", "self"]


def test_one_cause_gives_one_diagnostic() -> None:
    """A bad enum or type does not make bad what uses it."""
    text = (
        "enums:\n  kind: ['?', x]\njobs:\n  a:\n    columns:\n"
        "      k: {type: kind, default: x}\n      n: bigin\n    indexes: [[n]]\n"
    )
    assert codes(text) == ["bad-label", "unknown-type"]


def test_diagnostics_are_sorted_by_place() -> None:
    """Whatever the order in which stages found them."""
    text = "jobs:\n  aio:\n    columns: {a: x}\n    timeout: 1\nenums:\n  text: [a]\n"
    found = load(text).diagnostics
    places = [each.span.start for each in found]
    assert places == sorted(places)
    assert len(places) == 4


def test_the_example_is_without_fault() -> None:
    """It is the first schema that anybody reads."""
    loaded = load_schema(EXAMPLE.read_bytes(), "schemas/jobs.yaml")
    assert loaded.diagnostics == ()
    assert loaded.schema is not None
    assert len(loaded.schema.jobs) >= 5
