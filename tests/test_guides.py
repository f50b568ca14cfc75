"""What the pages on enqueueing and on the worker show is what happens."""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Final
from uuid import uuid4

import psycopg
import pytest

from jobgen.cli.main import main
from jobgen.runtime import Stats
from tests.unseen import Unseen
from tests.worker.support import PATIENCE, wait_until

_ROOT: Final = Path(__file__).parents[1]
_BLOCK: Final = re.compile(
    r"^(?:<!-- (?P<file>\S+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_PAGES: Final = ("enqueueing", "worker")
_NAMELESS: Final = "page.py"


def _page(name: str) -> str:
    return (_ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def _sql() -> list[str]:
    found = _BLOCK.finditer(_page("enqueueing"))
    return [block["text"] for block in found if block["language"] == "sql"]


@contextmanager
def _project(page: str, home: Path) -> Generator[Path]:
    """The files of a page, with the package of its schema; its modules can be imported."""
    (home / "pyproject.toml").touch()
    for block in _BLOCK.finditer(_page(page)):
        if block["file"] or block["language"] == "python":
            path = home / (block["file"] or _NAMELESS)
            path.parent.mkdir(exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(block["text"])
    assert main(["build", str(home / "schemas" / "jobs.yaml")]) == 0
    before = set(sys.modules)
    sys.path.insert(0, str(home))
    try:
        yield home
    finally:
        sys.path.remove(str(home))
        for module in set(sys.modules) - before:
            if (sys.modules[module].__file__ or "").startswith(str(home)):
                del sys.modules[module]


@pytest.fixture
def shop(tmp_path: Path, database: str) -> Iterator[Unseen]:
    """The module of the page on enqueueing; `database` has its tables."""
    with _project("enqueueing", tmp_path):
        page = _module("page")
        _install(page, database)
        yield page


@pytest.fixture
def home(tmp_path: Path, database: str) -> Iterator[Path]:
    """The project of the page on the worker; `database` has its tables."""
    with _project("worker", tmp_path) as home:
        _install(_module("atomic"), database)
        yield home


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


def _install(page: Unseen, dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute(page.jobs.SCHEMA_SQL.encode())


def _all(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as conn:
        return conn.execute(query.encode()).fetchall()


@pytest.mark.parametrize("page", _PAGES)
def test_both_type_checkers_accept_what_is_shown(page: str, tmp_path: Path) -> None:
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    with _project(page, tmp_path):
        for command in (
            ("mypy", "--strict", "--config-file=", "."),
            ("pyright", "--pythonpath", sys.executable, "-p", "."),
        ):
            done = subprocess.run(
                [sys.executable, "-m", *command],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout


def test_a_job_shares_the_fate_of_its_transaction(shop: Unseen, database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("CREATE TABLE users (id bigserial PRIMARY KEY, email text)")
        conn.commit()
        shop.sign_up(conn, "ada@example.org")
        with conn.transaction():
            shop.sign_up(conn, "bob@example.org")
            raise psycopg.Rollback
    assert _all(database, "SELECT user_id, email FROM send_mail_jobs") == [
        (1, "ada@example.org")
    ]


def test_jobs_are_enqueued_as_shown(shop: Unseen, database: str) -> None:
    async def remind() -> None:
        async with await psycopg.AsyncConnection.connect(database) as conn:
            await shop.remind(conn, 7)

    asyncio.run(remind())
    with psycopg.connect(database) as conn:
        assert shop.tomorrow(conn) == 2
        assert shop.newsletter(conn, {1: "a@example.org", 2: "b@example.org"}) == 2
        assert shop.jobs.send_mail.pending(conn) == 3
    assert _all(database, "SELECT kind, priority FROM send_mail_jobs ORDER BY id") == [
        ("welcome", 0),
        ("welcome", 10),
        ("newsletter", 0),
        ("newsletter", 0),
    ]


def test_equal_jobs_are_enqueued_once_as_shown(shop: Unseen, database: str) -> None:
    """Also while the first one runs; and the transaction goes on."""
    with psycopg.connect(database) as conn:
        assert [shop.rebuild(conn, shop_id) for shop_id in (1, 1, 2)] == [
            True,
            False,
            True,
        ]
        job = shop.jobs.rebuild_index.fetch(conn, uuid4())
        assert not shop.rebuild(conn, 1)
        shop.jobs.rebuild_index.fail(conn, job, "no luck")
        assert not shop.rebuild(conn, 1)
        shop.jobs.rebuild_index.succeed(
            conn, shop.jobs.rebuild_index.fetch(conn, uuid4())
        )
        assert not shop.rebuild(conn, 1)
    statuses = _all(database, "SELECT status::text FROM rebuild_index_jobs ORDER BY id")
    assert statuses == [("job_status_retry",), ("job_status_succeeded",)]


def test_the_sql_that_is_shown_is_carried_out(shop: Unseen, database: str) -> None:
    insert, looks, again = _sql()
    count, failed, _ = looks.split(";")
    with psycopg.connect(database) as conn:
        conn.execute(insert.encode())
        conn.execute(
            "UPDATE send_mail_jobs SET id = 4711, attempts_count = 10,"
            " status = 'job_status_failed', last_error = 'no such address'"
        )
        assert len(conn.execute(count.encode()).fetchall()) == 1
        assert conn.execute(failed.encode()).fetchall() == [(4711, "no such address")]
        conn.execute(again.encode())
        assert shop.jobs.send_mail.pending(conn) == 1


def _environment(dsn: str) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": dsn, "PYTHONPATH": str(_ROOT)}


def test_the_handlers_do_with_a_job_what_they_say(home: Path, database: str) -> None:
    jobs: Unseen = _module("shop_jobs")
    with psycopg.connect(database) as conn:
        for email in ("ada@example.org", "ada", "ada@busy.example"):
            jobs.send_mail.enqueue(conn, jobs.SendMail(email=email))
        jobs.resize_image.enqueue(conn, jobs.ResizeImage(path="a.png", width=1))
    ended = "SELECT status::text FROM send_mail_jobs WHERE locked_by IS NULL"
    settled = f"{ended} AND attempts_count = 1 ORDER BY id"
    with subprocess.Popen(
        [sys.executable, "-m", "jobgen", "worker", "tasks:handlers"],
        cwd=home,
        env=_environment(database),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_until(lambda: len(_all(database, settled)) == 3)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 0
    assert sorted(out.splitlines()) == ["a.png: row 0", "to ada@example.org, attempt 1"]
    assert _all(database, settled) == [
        ("job_status_succeeded",),
        ("job_status_failed",),
        ("job_status_retry",),
    ]


def test_a_program_has_the_worker_beside_it(home: Path, database: str) -> None:
    jobs: Unseen = _module("shop_jobs")
    with psycopg.connect(database) as conn:
        jobs.send_mail.enqueue(conn, jobs.SendMail(email="ada@example.org"))
    done = subprocess.run(
        [sys.executable, "embedded.py"],
        cwd=home,
        env=_environment(database),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "to ada@example.org, attempt 1",
        "1 fetched, 1 succeeded",
    ]


def test_effect_and_completion_commit_together(home: Path, database: str) -> None:
    atomic: Unseen = _module("atomic")
    jobs = atomic.jobs

    async def handle() -> None:
        async with await psycopg.AsyncConnection.connect(database) as conn:
            await conn.execute("CREATE TABLE thumbnails (path text, width integer)")
            new = jobs.ResizeImage(path="a.png", width=8)
            await jobs.aio.resize_image.enqueue(conn, new)
            job = await jobs.aio.resize_image.fetch(conn, uuid4())
            await conn.commit()
            await atomic.resize_image(conn, job)

    asyncio.run(handle())
    assert _all(database, "SELECT path, width FROM thumbnails") == [("a.png", 8)]
    succeeded = [("job_status_succeeded",)]
    assert _all(database, "SELECT status::text FROM resize_image_jobs") == succeeded


def test_a_handler_is_tested_as_shown(home: Path, database: str) -> None:
    shown: Unseen = _module("test_tasks")
    with psycopg.connect(database) as conn:
        shown.test_an_address_without_at_is_given_up(conn)
        shown.test_a_worker_that_stops_does_not_wait_for_an_image(conn)
    assert _all(database, "SELECT FROM send_mail_jobs") == []
    assert _all(database, "SELECT FROM resize_image_jobs") == []


def test_the_page_names_every_option_and_every_counter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = _page("worker")
    main(["worker", "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    counters = {field.name for field in fields(Stats)}
    assert {each for each in options if f"`{each}" not in page} == set()
    assert {each for each in counters if f"`{each}`" not in page} == set()
