"""What the caller's connection is set to has no say in what the functions do."""

import asyncio
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import ClientCursor, Connection
from psycopg.adapt import Dumper, Loader
from psycopg.rows import dict_row, scalar_row

from generated_example import (
    ContactSource,
    ContactTopic,
    ImportContacts,
    MailKind,
    SendMail,
    aio,
    import_contacts,
    send_mail,
)
from jobgen.runtime import JobStatus
from tests.seed.kit import build

MAIL = SendMail(
    user_id=1, email="ada@example.org", subject="50 % off", kind=MailKind.RECEIPT
)


class ShoutingDumper(Dumper):
    def dump(self, obj: object) -> bytes:
        return str(obj).upper().encode() + b"!"


class DeafLoader(Loader):
    def load(self, data: object) -> str:
        return "?"


def with_dict_row(dsn: str) -> Connection[object]:
    return Connection[object].connect(dsn, row_factory=dict_row)


def with_scalar_row(dsn: str) -> Connection[object]:
    return Connection[object].connect(dsn, row_factory=scalar_row)


def with_client_cursor(dsn: str) -> Connection[object]:
    return psycopg.connect(dsn, cursor_factory=ClientCursor)


def with_adapters(dsn: str) -> Connection[object]:
    conn = psycopg.connect(dsn)
    for type_ in (str, int, datetime, MailKind):
        conn.adapters.register_dumper(type_, ShoutingDumper)
    for name in ("text", "int4", "int8", "timestamptz", "uuid", "jsonb"):
        conn.adapters.register_loader(name, DeafLoader)
    return conn


def without_preparing(dsn: str) -> Connection[object]:
    return psycopg.connect(dsn, prepare_threshold=None)


def preparing_at_once(dsn: str) -> Connection[object]:
    return psycopg.connect(dsn, prepare_threshold=0)


def with_autocommit(dsn: str) -> Connection[object]:
    return psycopg.connect(dsn, autocommit=True)


CALLERS: list[Callable[[str], Connection[object]]] = [
    with_dict_row,
    with_scalar_row,
    with_client_cursor,
    with_adapters,
    without_preparing,
    preparing_at_once,
    with_autocommit,
]


@pytest.mark.parametrize("caller", CALLERS)
def test_any_connection_serves(
    jobs_dsn: str, caller: Callable[[str], Connection[object]]
) -> None:
    now = datetime.now(UTC)
    with caller(jobs_dsn) as conn:
        settings = (conn.row_factory, conn.cursor_factory, conn.autocommit)
        first = send_mail.enqueue(conn, MAIL)
        second, third = send_mail.enqueue_many(conn, [MAIL, MAIL])
        assert send_mail.enqueue_copy(conn, [MAIL]) == 1
        assert send_mail.pending(conn) == 4
        worker_id = uuid4()
        job = send_mail.fetch(conn, worker_id)
        assert job is not None
        assert (job.id, job.locked_by, job.status) == (
            first,
            worker_id,
            JobStatus.RUNNING,
        )
        assert (job.user_id, job.email, job.subject, job.kind) == (
            MAIL.user_id,
            MAIL.email,
            MAIL.subject,
            MAIL.kind,
        )
        assert abs((job.created_at - now).total_seconds()) < 60
        rest = send_mail.fetch_many(conn, worker_id, 9)
        assert [each.id for each in rest[:2]] == [second, third]
        assert send_mail.succeed(conn, job) is JobStatus.SUCCEEDED
        assert send_mail.fail(conn, rest[0], "100 % wrong: %s $1") is JobStatus.RETRY
        assert send_mail.timeout(conn, rest[1]) is JobStatus.RETRY
        assert send_mail.rescue(conn) == 0
        assert settings == (conn.row_factory, conn.cursor_factory, conn.autocommit)


@pytest.mark.parametrize("caller", CALLERS)
def test_any_connection_serves_rich_payloads(
    jobs_dsn: str, caller: Callable[[str], Connection[object]]
) -> None:
    contacts = ImportContacts(
        file_name="contacts.csv",
        content="E-Mail\nada@example.org\n",
        source=ContactSource.TRADE_FAIR,
        topics=[ContactTopic.EVENTS, ContactTopic.PRICES],
        skip_lines=[],
        columns_map={"E-Mail": ["email", None, 1.5, {"a": True}]},
        min_score=0.1,
    )
    with caller(jobs_dsn) as conn:
        import_contacts.enqueue(conn, contacts)
        import_contacts.enqueue_many(conn, [contacts])
        import_contacts.enqueue_copy(conn, [contacts])
        jobs = import_contacts.fetch_many(conn, uuid4(), 3)
    assert len(jobs) == 3
    for job in jobs:
        assert job.source is ContactSource.TRADE_FAIR
        assert job.topics == contacts.topics
        assert all(isinstance(topic, ContactTopic) for topic in job.topics)
        assert job.skip_lines == []
        assert job.columns_map == contacts.columns_map
        assert job.min_score == 0.1


def test_an_asynchronous_connection_may_have_its_own_rows_and_cursors(
    jobs_dsn: str,
) -> None:
    async def main() -> None:
        conn = await psycopg.AsyncConnection[object].connect(
            jobs_dsn, row_factory=dict_row, cursor_factory=psycopg.AsyncClientCursor
        )
        async with conn:
            job_id = await aio.send_mail.enqueue(conn, MAIL)
            assert await aio.send_mail.enqueue_copy(conn, [MAIL]) == 1
            job = await aio.send_mail.fetch(conn, uuid4())
            assert job is not None
            assert (job.id, job.subject) == (job_id, MAIL.subject)
            assert await aio.send_mail.succeed(conn, job) is JobStatus.SUCCEEDED

    asyncio.run(main())


def test_a_search_path_without_the_tables_changes_nothing(jobs_dsn: str) -> None:
    with psycopg.connect(jobs_dsn, options="-c search_path=pg_catalog") as conn:
        job_id = send_mail.enqueue(conn, MAIL)
        send_mail.enqueue_many(conn, [MAIL])
        send_mail.enqueue_copy(conn, [MAIL])
        job = send_mail.fetch(conn, uuid4())
        assert job is not None
        assert job.id == job_id
        assert send_mail.fail(conn, job, "no") is JobStatus.RETRY
        assert send_mail.rescue(conn) == 0


@pytest.mark.parametrize("style", ["SQL, DMY", "German", "Postgres, MDY"])
def test_the_sessions_styles_and_time_zone_change_nothing(
    jobs_dsn: str, style: str
) -> None:
    when = datetime(2026, 2, 1, 3, 4, 5, 678901, tzinfo=UTC)
    with psycopg.connect(jobs_dsn) as conn:
        conn.execute("SELECT set_config('DateStyle', %s, false)", [style])
        conn.execute("SET TIME ZONE 'Asia/Kathmandu'")
        conn.execute("SET IntervalStyle = 'sql_standard'")
        conn.execute("SET bytea_output = 'escape'")
        mail = SendMail(user_id=1, email="", run_at=when)
        send_mail.enqueue(conn, mail)
        send_mail.enqueue_many(conn, [mail])
        send_mail.enqueue_copy(conn, [mail])
        jobs = send_mail.fetch_many(conn, uuid4(), 3)
        assert [job.run_at for job in jobs] == [when] * 3
        assert send_mail.fail(conn, jobs[0], "no") is JobStatus.RETRY
        ((wait,),) = conn.execute(
            "SELECT extract(epoch FROM run_at - now())::float8 FROM send_mail_jobs"
            " WHERE id = %s",
            [jobs[0].id],
        )
        assert wait == 20


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "WIN1252", "EUC_JP"])
def test_any_client_encoding_serves_any_text_and_stays(
    jobs_dsn: str, encoding: str, autocommit: bool
) -> None:
    mail = SendMail(user_id=1, email="ä漢🐘", subject="\\ ż")
    with psycopg.connect(
        jobs_dsn, client_encoding=encoding, autocommit=autocommit
    ) as conn:
        send_mail.enqueue(conn, mail)
        send_mail.enqueue_many(conn, [mail])
        send_mail.enqueue_copy(conn, [mail])
        worker_id = uuid4()
        job = send_mail.fetch(conn, worker_id)
        assert job is not None
        jobs = [job, *send_mail.fetch_many(conn, worker_id, 9)]
        assert [(each.email, each.subject) for each in jobs] == [("ä漢🐘", "\\ ż")] * 3
        assert send_mail.fail(conn, job, "ä漢") is JobStatus.RETRY
        assert conn.info.parameter_status("client_encoding") == encoding
    with psycopg.connect(jobs_dsn) as conn:
        found = conn.execute(
            "SELECT last_error FROM send_mail_jobs WHERE id = %s", [job.id]
        )
        assert found.fetchall() == [("ä漢",)]


@pytest.mark.parametrize("autocommit", [False, True])
def test_the_client_encoding_stays_after_an_error(
    jobs_dsn: str, autocommit: bool
) -> None:
    mail = SendMail(user_id=1, email="\0")
    with psycopg.connect(
        jobs_dsn, client_encoding="LATIN1", autocommit=autocommit
    ) as conn:
        with pytest.raises(psycopg.DataError):
            send_mail.enqueue(conn, mail)
        with pytest.raises(psycopg.DataError):
            send_mail.enqueue_many(conn, [mail])
        with pytest.raises(psycopg.errors.NumericValueOutOfRange):
            send_mail.enqueue(conn, SendMail(user_id=2**63, email=""))
        conn.rollback()
        assert conn.info.parameter_status("client_encoding") == "LATIN1"


def test_an_asynchronous_connection_may_have_another_encoding(jobs_dsn: str) -> None:
    async def main() -> None:
        conn = await psycopg.AsyncConnection.connect(
            jobs_dsn, client_encoding="SQL_ASCII"
        )
        async with conn:
            await aio.send_mail.enqueue(conn, SendMail(user_id=1, email="ä漢"))
            job = await aio.send_mail.fetch(conn, uuid4())
            assert job is not None
            assert job.email == "ä漢"
            assert await aio.send_mail.fail(conn, job, "ä漢") is JobStatus.RETRY
            assert conn.info.parameter_status("client_encoding") == "SQL_ASCII"

    asyncio.run(main())


@pytest.mark.parametrize("way", ["enqueue_many", "enqueue_copy"])
def test_bulk_enqueueing_may_be_the_first_on_a_connection_with_scalar_rows(
    jobs_dsn: str, way: str
) -> None:
    async def main() -> None:
        conn = await psycopg.AsyncConnection[object].connect(
            jobs_dsn, row_factory=scalar_row
        )
        async with conn:
            await getattr(aio.send_mail, way)(conn, [MAIL])
            await conn.rollback()
            assert await aio.send_mail.pending(conn) == 0

    with with_scalar_row(jobs_dsn) as conn:
        getattr(send_mail, way)(conn, [MAIL])
        conn.rollback()
        assert send_mail.pending(conn) == 0
    asyncio.run(main())


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_job_is_enqueued_and_finished_in_a_pipeline(
    jobs_dsn: str, autocommit: bool
) -> None:
    """Between statements of the caller whose results are not there yet."""

    async def main() -> None:
        conn = await psycopg.AsyncConnection.connect(jobs_dsn, autocommit=autocommit)
        async with conn:
            first = await aio.send_mail.fetch(conn, uuid4())
            assert first is not None
            async with conn.pipeline():
                cursor = await conn.execute("SELECT 1")
                second = await aio.send_mail.enqueue(conn, MAIL)
                assert second > first.id
                assert await aio.send_mail.pending(conn) == 1
                assert await aio.send_mail.timeout(conn, first) is JobStatus.RETRY
                assert await cursor.fetchall() == [(1,)]

    with psycopg.connect(jobs_dsn, autocommit=autocommit) as conn:
        with conn.pipeline():
            cursor = conn.execute("SELECT 1")
            ids = [send_mail.enqueue(conn, MAIL) for _ in range(2)]
            assert ids[0] < ids[1]
            assert cursor.fetchall() == [(1,)]
        job = send_mail.fetch(conn, uuid4())
        assert job is not None
        with conn.pipeline():
            assert send_mail.pending(conn) == 1
            assert send_mail.succeed(conn, job) is JobStatus.SUCCEEDED
            assert send_mail.fail(conn, job, "late") is None
    asyncio.run(main())


def test_an_error_in_a_pipeline_is_raised_where_it_is_made(jobs_dsn: str) -> None:
    """And the pipeline goes on after the rollback."""
    wrong = ImportContacts(
        file_name="a.csv", content="", columns_map={}, delimiter=";;"
    )
    with psycopg.connect(jobs_dsn) as conn, conn.pipeline():
        send_mail.enqueue(conn, MAIL)
        with pytest.raises(psycopg.errors.StringDataRightTruncation):
            import_contacts.enqueue(conn, wrong)
        conn.rollback()
        assert send_mail.pending(conn) == 0


def test_what_cannot_be_in_a_pipeline_is_refused_by_name(jobs_dsn: str) -> None:
    async def main() -> None:
        conn = await psycopg.AsyncConnection.connect(jobs_dsn)
        async with conn, conn.pipeline():
            for call in (
                aio.send_mail.enqueue_many(conn, [MAIL]),
                aio.send_mail.enqueue_copy(conn, [MAIL]),
                aio.send_mail.fetch(conn, uuid4()),
            ):
                with pytest.raises(psycopg.NotSupportedError, match="pipeline mode"):
                    await call

    with psycopg.connect(jobs_dsn) as conn:
        with conn.pipeline():
            for call in (
                lambda: send_mail.enqueue_many(conn, [MAIL]),
                lambda: send_mail.enqueue_copy(conn, [MAIL]),
                lambda: send_mail.fetch(conn, uuid4()),
                lambda: send_mail.fetch_many(conn, uuid4(), 2),
            ):
                with pytest.raises(psycopg.NotSupportedError, match="pipeline mode"):
                    call()
        assert send_mail.pending(conn) == 0
    asyncio.run(main())


@pytest.mark.parametrize("setting", ["on", "off"])
@pytest.mark.parametrize("flags", [[None], [None, True, None]])
def test_null_arrives_as_null_whatever_the_word_means(
    database: str, tmp_path: Path, setting: str, flags: list[bool | None]
) -> None:
    """Also where a whole batch has nothing else, and beside a text that is the word."""
    package = build(
        "jobgen: 1\npackage: sample\noutput: ../sample\njobs:\n  work:\n"
        '    columns: {flag: "boolean?", note: "text?", many: "text[]?"}\n',
        tmp_path,
    )
    news = [
        package.Work(flag=flag, note=note, many=many)
        for flag in flags
        for note, many in ((None, None), ("NULL", ["NULL"]))
    ]
    with psycopg.connect(database) as conn:
        conn.execute(package.SCHEMA_SQL)
    with psycopg.connect(database, options=f"-c array_nulls={setting}") as conn:
        for new in news:
            package.work.enqueue(conn, new)
        package.work.enqueue_many(conn, news)
        package.work.enqueue_copy(conn, news)
        jobs = package.work.fetch_many(conn, uuid4(), 100)
    found = [(job.flag, job.note, job.many) for job in jobs]
    assert found == [(new.flag, new.note, new.many) for new in news] * 3


@pytest.mark.parametrize("setting", ["on", "off"])
def test_bytes_arrive_as_they_are_whatever_strings_mean(
    database: str, tmp_path: Path, setting: str
) -> None:
    raw = b'\0\\x\xff"'
    package = build(
        "jobgen: 1\npackage: sample\noutput: ../sample\njobs:\n  work:\n"
        '    columns: {one: bytea, many: "bytea[]"}\n',
        tmp_path,
    )
    new = package.Work(one=raw, many=[raw, b""])
    with psycopg.connect(database) as conn:
        conn.execute(package.SCHEMA_SQL)
    with psycopg.connect(
        database, options=f"-c standard_conforming_strings={setting}"
    ) as conn:
        package.work.enqueue(conn, new)
        package.work.enqueue_many(conn, [new])
        package.work.enqueue_copy(conn, [new])
        jobs = package.work.fetch_many(conn, uuid4(), 3)
    assert [(job.one, job.many) for job in jobs] == [(raw, [raw, b""])] * 3


@pytest.mark.parametrize("setting", ["on", "off"])
def test_an_expression_of_the_schema_means_the_same_whatever_strings_mean(
    database: str, tmp_path: Path, setting: str
) -> None:
    """A default that only the server can work out, and a table's check beside it."""
    package = build(
        "jobgen: 1\npackage: sample\noutput: ../sample\njobs:\n  work:\n"
        "    columns:\n"
        "      path: {type: text, default_sql: \"concat('C:\\\\temp')\"}\n",
        tmp_path,
    )
    with psycopg.connect(
        database, options=f"-c standard_conforming_strings={setting}"
    ) as conn:
        conn.execute(package.SCHEMA_SQL)
        package.work.enqueue(conn, package.Work())
        package.work.enqueue_many(conn, [package.Work()])
        package.work.enqueue_copy(conn, [package.Work()])
        conn.execute("INSERT INTO work_jobs DEFAULT VALUES")
        jobs = package.work.fetch_many(conn, uuid4(), 4)
    assert [job.path for job in jobs] == [r"C:\temp"] * 4


@pytest.mark.parametrize("style", ["postgres", "sql_standard"])
def test_intervals_arrive_as_they_are_whatever_a_sign_means(
    database: str, tmp_path: Path, style: str
) -> None:
    """Under sql_standard a sign before the first unit counts for all without one."""
    package = build(
        "jobgen: 1\npackage: sample\noutput: ../sample\njobs:\n  work:\n"
        '    columns: {one: interval, many: "interval[]", usual: {type: interval,'
        " default: -1 day 2 seconds 3 microseconds}}\n",
        tmp_path,
    )
    mixed = timedelta(days=-1, seconds=2, microseconds=3)
    extremes = [mixed, timedelta.min, timedelta.max, timedelta(0)]
    new = package.Work(one=mixed, many=extremes)
    with psycopg.connect(database, options=f"-c intervalstyle={style}") as conn:
        conn.execute(package.SCHEMA_SQL)
        package.work.enqueue(conn, new)
        package.work.enqueue_many(conn, [new])
        package.work.enqueue_copy(conn, [new])
        jobs = package.work.fetch_many(conn, uuid4(), 3)
    wanted = (mixed, extremes, mixed)
    assert [(job.one, job.many, job.usual) for job in jobs] == [wanted] * 3


def test_a_connection_lives_no_longer_because_it_has_enqueued(jobs_dsn: str) -> None:
    async def main() -> weakref.ref[psycopg.AsyncConnection[object]]:
        conn = await psycopg.AsyncConnection.connect(jobs_dsn)
        await aio.send_mail.enqueue(conn, MAIL)
        await conn.close()
        return weakref.ref(conn)

    conn = psycopg.connect(jobs_dsn)
    send_mail.enqueue(conn, MAIL)
    conn.close()
    known = weakref.ref(conn)
    del conn
    assert known() is None
    assert asyncio.run(main())() is None


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Each may be interrupted after a microsecond."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless_threads")
def test_several_may_enqueue_over_one_connection_at_once(jobs_dsn: str) -> None:
    """Also where one of them fails, and each statement is another."""
    wrong = ImportContacts(
        file_name="a.csv", content="", columns_map={}, delimiter=";;"
    )

    def one(number: int) -> int | None:
        if number % 10 == 0:
            with pytest.raises(psycopg.errors.StringDataRightTruncation):
                import_contacts.enqueue(conn, wrong)
            return None
        if number % 3 == 0:
            send_mail.pending(conn)
        return send_mail.enqueue(conn, replace(MAIL, user_id=number))

    async def in_tasks() -> list[int]:
        conn = await psycopg.AsyncConnection.connect(jobs_dsn, autocommit=True)
        async with conn:
            mails = (replace(MAIL, user_id=number) for number in range(50))
            return await asyncio.gather(
                *(aio.send_mail.enqueue(conn, mail) for mail in mails)
            )

    with psycopg.connect(jobs_dsn, autocommit=True) as conn:
        with ThreadPoolExecutor(8) as threads:
            ids = list(threads.map(one, range(3000)))
        assert ids.count(None) == 300
        by_id = {job.id: job for job in send_mail.fetch_many(conn, uuid4(), 5000)}
        assert all(
            by_id[job_id].user_id == number
            for number, job_id in enumerate(ids)
            if job_id is not None
        )
        more = asyncio.run(in_tasks())
        by_id = {job.id: job for job in send_mail.fetch_many(conn, uuid4(), 5000)}
    assert [by_id[job_id].user_id for job_id in more] == list(range(50))
