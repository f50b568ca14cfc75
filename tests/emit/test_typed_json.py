"""JSON columns hold classes of the user's, on every way in and out of a row."""

from __future__ import annotations

import ast
import asyncio
import builtins
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import permutations
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import TupleRow

from jobgen.emit.typed_json import GENERATED
from jobgen.runtime import Worker
from tests.emit import users
from tests.emit.packages import packages
from tests.emit.schemas import files, write
from tests.unseen import Unseen

WORKER = uuid4()

SCHEMA = """
jobgen: 1
package: typed_shop
output: ../typed_shop
jobs:
  send_mail:
    columns:
      first: {type: jsonb, python: "typed_app:Attachment"}
      second: {type: json, python: "typed_app:Attachment", nullable: true}
      third: {type: jsonb, python: "typed_app:Attachment", default: {name: usual}}
      fourth:
        type: jsonb
        python: builtins:str
        decode: typed_app:maybe
        encode: typed_app:or_null
        nullable: true
        default: usual
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a package and the application that it imports."""
    write(files(SCHEMA), tmp_path / "typed_shop")
    (tmp_path / "typed_app.py").write_text(users.attachments("typed_shop"))
    return tmp_path


@pytest.fixture
def app(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Unseen]:
    monkeypatch.setattr(sys, "path", [str(place), *sys.path])
    yield import_module("typed_app")
    for name in [name for name in sys.modules if name.startswith("typed_")]:
        del sys.modules[name]


@pytest.fixture
def shop(app: Unseen) -> Unseen:
    """The generated package."""
    return app.typed_shop


@pytest.fixture
def conn(database: str, shop: Unseen) -> Iterator[psycopg.Connection[TupleRow]]:
    with psycopg.connect(database) as conn:
        conn.execute(shop.SCHEMA_SQL)
        yield conn


MODULES = ("typed_app", "typed_shop", "typed_shop.aio.send_mail")


@pytest.mark.parametrize("order", list(permutations(MODULES, 2)))
def test_modules_that_import_each_other_load_in_any_order(
    place: Path, order: tuple[str, str]
) -> None:
    """Handlers first or jobs first, each in an interpreter of its own."""
    script = (
        f"import {order[0]}, {order[1]}, typed_app, typed_shop\n"
        "new = typed_shop.SendMail(first=typed_app.Attachment('a'))\n"
        "print(typed_shop.send_mail.JOB.values(new)[1], end='')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ('{"name": "a", "size": 0}', "")


def test_a_package_alone_does_not_import_what_it_names(place: Path) -> None:
    """A producer of other jobs needs none of it."""
    script = (
        "import sys; from typed_shop import *; assert 'typed_app' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=place, check=True)


def news(app: Unseen, shop: Unseen) -> list[Unseen]:
    """Every column given; everything left out; None where it may be."""
    a, b = app.Attachment("a", 1), app.Attachment('ä "🙂"', 2)
    return [
        shop.SendMail(first=a, second=b, third=a, fourth="four"),
        shop.SendMail(first=b),
        shop.SendMail(first=a, second=None, fourth=None),
        shop.SendMail(first=a, fourth="none"),
    ]


def fields(row: Unseen) -> tuple[object, ...]:
    return row.first, row.second, row.third, row.fourth


def expected(app: Unseen) -> list[tuple[object, ...]]:
    """The fields of the fetched rows. JSON null is no NULL: `decode` sees it."""
    a, b = app.Attachment("a", 1), app.Attachment('ä "🙂"', 2)
    usual = app.Attachment("usual")
    return [
        (a, b, a, "four"),
        (b, None, usual, "usual"),
        (a, None, usual, None),
        (a, None, usual, "none"),
    ]


WAYS = ("enqueue", "enqueue_many", "enqueue_copy")


@pytest.mark.parametrize("way", WAYS)
def test_an_object_comes_back(
    conn: psycopg.Connection[TupleRow], app: Unseen, shop: Unseen, way: str
) -> None:
    """Equal to what was enqueued, through the functions for either connection."""
    module, jobs = shop.send_mail, news(app, shop)
    if way == "enqueue":
        for job in jobs:
            module.enqueue(conn, job)
    else:
        getattr(module, way)(conn, jobs)
    first = module.fetch(conn, WORKER)
    rest = module.fetch_many(conn, WORKER, 10)
    assert [fields(row) for row in (first, *rest)] == expected(app)


@pytest.mark.parametrize("way", WAYS)
def test_an_object_comes_back_from_aio(
    database: str,
    conn: psycopg.Connection[TupleRow],
    app: Unseen,
    shop: Unseen,
    way: str,
) -> None:
    """The same on an asynchronous connection."""
    module, jobs = import_module("typed_shop.aio.send_mail"), news(app, shop)
    conn.commit()

    async def rows() -> list[Unseen]:
        async with await psycopg.AsyncConnection.connect(database) as conn:
            if way == "enqueue":
                for job in jobs:
                    await module.enqueue(conn, job)
            else:
                await getattr(module, way)(conn, jobs)
            first = await module.fetch(conn, WORKER)
            return [first, *await module.fetch_many(conn, WORKER, 10)]

    assert [fields(row) for row in asyncio.run(rows())] == expected(app)


@pytest.mark.parametrize("way", WAYS)
def test_functions_see_neither_null_nor_default(
    conn: psycopg.Connection[TupleRow], app: Unseen, shop: Unseen, way: str
) -> None:
    """They are for values: NULL is None already, and a default is the server's."""
    job = shop.SendMail(first=app.Attachment("a"), fourth=None)
    getattr(shop.send_mail, way)(conn, job if way == "enqueue" else [job])
    assert app.SEEN.copy() == [job.first]
    app.SEEN.clear()
    shop.send_mail.fetch(conn, WORKER)
    assert app.SEEN == [{"name": "a", "size": 0}, {"name": "usual"}]


@pytest.mark.parametrize("one", [False, True], ids=["fetch_many", "fetch"])
def test_a_row_that_a_function_refuses_fails_alone(
    conn: psycopg.Connection[TupleRow], app: Unseen, shop: Unseen, one: bool
) -> None:
    """With its reason; rows before and after it are handed out."""
    good = shop.SendMail(first=app.Attachment("good"))
    shop.send_mail.enqueue(conn, good)
    for text in ('{"size": 1}', '"refuse"', "null"):
        conn.execute("INSERT INTO send_mail_jobs (first) VALUES (%s)", [text])
    shop.send_mail.enqueue(conn, good)
    if one:
        rows = [shop.send_mail.fetch(conn, WORKER) for _ in range(2)]
    else:
        rows = shop.send_mail.fetch_many(conn, WORKER, 10)
    assert [row.first for row in rows] == [good.first, good.first]
    errors = conn.execute(
        "SELECT split_part(last_error, E'\\n', 1) FROM send_mail_jobs"
        " WHERE status = 'job_status_failed' AND locked_by IS NULL ORDER BY id"
    ).fetchall()
    assert [error for (error,) in errors] == [
        "Cannot be decoded: ValueError: no attachment: {'size': 1}",
        "Cannot be decoded: an attachment needs a name",
        "Cannot be decoded: ValueError: no attachment: None",
    ]


def test_a_module_that_is_missing_loses_no_row(
    conn: psycopg.Connection[TupleRow],
    app: Unseen,
    shop: Unseen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the program that is wrong: another one may take the same rows."""
    shop.send_mail.enqueue(conn, shop.SendMail(first=app.Attachment("good")))
    conn.commit()
    conn.autocommit = True
    with monkeypatch.context() as broken:
        broken.setitem(sys.modules, "typed_app", None)
        with pytest.raises(ImportError):
            shop.send_mail.fetch(conn, WORKER)
    row = shop.send_mail.fetch(conn, WORKER)
    assert (row.first, row.attempts_count) == (app.Attachment("good"), 1)


def test_a_worker_stops_for_a_missing_module(
    database: str,
    conn: psycopg.Connection[TupleRow],
    app: Unseen,
    shop: Unseen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the error, and it gives back what it took."""
    shop.send_mail.enqueue(conn, shop.SendMail(first=app.Attachment("good")))
    conn.commit()
    worker = Worker(database, app.HANDLERS)
    monkeypatch.setitem(sys.modules, "typed_app", None)
    with pytest.raises(ImportError):
        asyncio.run(worker.run())
    row = conn.execute(
        "SELECT status::text, locked_by, attempts_count FROM send_mail_jobs"
    ).fetchone()
    assert row == ("job_status_not_started", None, 0)


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_the_caller_sees_the_error_of_an_encoder(
    conn: psycopg.Connection[TupleRow],
    app: Unseen,
    shop: Unseen,
    way: str,
    autocommit: bool,
) -> None:
    """As it was raised; none of the jobs is there, and the transaction goes on."""
    conn.commit()
    conn.autocommit = autocommit
    good = shop.SendMail(first=app.Attachment("good"))
    bad = shop.SendMail(first=app.Attachment("bad", -1))
    with pytest.raises(ArithmeticError, match="bad is smaller than nothing") as raised:
        getattr(shop.send_mail, way)(conn, bad if way == "enqueue" else [good, bad])
    assert type(raised.value) is ArithmeticError
    assert shop.send_mail.pending(conn) == 0


def names_in(text: str) -> set[str]:
    """What a module binds anywhere, fields apart, and what it has of Python's."""
    found: set[str] = set()
    fields: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.alias():
                found.add(node.asname or node.name)
            case ast.arg():
                found.add(node.arg)
            case ast.FunctionDef():
                found.add(node.name)
            case ast.ClassDef():
                fields |= {
                    part.target.id
                    for part in node.body
                    if isinstance(part, ast.AnnAssign)
                    and isinstance(part.target, ast.Name)
                }
            case ast.Name() if isinstance(node.ctx, ast.Store) or hasattr(
                builtins, node.id
            ):
                found.add(node.id)
            case _:
                pass
    return found - fields


def test_every_generated_name_gives_way_to_none_of_the_users() -> None:
    """The list of those that a generated module may have is complete and true."""
    package = packages()
    texts = (
        package["every_type"]["everything.py"],
        package["elsewhere"]["work.py"],
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING",
    )
    found = {name for text in texts for name in names_in(text)} - {"Mood"}
    assert sorted(GENERATED.split()) == sorted(
        name for name in found if name[0] != "_" and not name.endswith("_SQL")
    )
