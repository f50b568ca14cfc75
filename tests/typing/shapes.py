"""One for many, many for one, and rows of another job: on every path that has them."""

from collections.abc import Iterator
from typing import Final

from tests.typing.mistake import Mistake
from tests.typing.paths import WAYS_IN, WAYS_OUT, Path


def _ways(*names: str) -> tuple[Path, ...]:
    """These functions of `send_mail`, of both twins, with one more argument."""
    return tuple(
        Path(
            name=f"{twin}{name}",
            code=f"{wait}jobs.{twin}send_mail.{name}(conn, {{}})",
        )
        for twin, wait in (("", ""), ("aio.", "await "))
        for name in names
    )


BULK: Final = _ways("enqueue_many", "enqueue_copy")
SINGLE: Final = _ways("enqueue")
FINISHING: Final = (
    *_ways("succeed", "timeout"),
    *(
        Path(name=each.name, code=each.code.replace("{}", '{}, "why"'))
        for each in _ways("fail")
    ),
)


def _given(name: str, path: Path, value: str, *, mypy: str, pyright: str) -> Mistake:
    return Mistake(
        name=f"{name} to {path.name}",
        code=f"""
{path.define} work(
    conn: psycopg.{path.connection}[object],
    mail: jobs.SendMail,
    row: jobs.SendMailJob,
    other: jobs.RenderReportJob,
    several: AsyncIterator[jobs.SendMail],
) -> None:
    {path.code.format(value)}
""",
        mypy=mypy,
        pyright=pyright,
    )


def _bulk() -> Iterator[Mistake]:
    for path in BULK:
        yield _given(
            "one job for many",
            path,
            "«mail→[mail]»",
            mypy='has incompatible type "SendMail"; expected "Iterable[SendMail]"',
            pyright='"SendMail" is incompatible with protocol "Iterable[SendMail]"',
        )
        yield _given(
            "an async iterator",
            path,
            "«several→[mail]»",
            mypy='"AsyncIterator[SendMail]"; expected "Iterable[SendMail]"',
            pyright='"AsyncIterator[SendMail]" is incompatible with protocol',
        )
        yield _given(
            "a generator of rows",
            path,
            "(«row→mail» for _ in range(9))",
            mypy='Generator has incompatible item type "SendMailJob"',
            pyright='"SendMailJob" is not assignable to "SendMail"',
        )


def _single() -> Iterator[Mistake]:
    for path in SINGLE:
        yield _given(
            "many jobs for one",
            path,
            "«[mail]→mail»",
            mypy='has incompatible type "list[SendMail]"; expected "SendMail"',
            pyright='"list[SendMail]" is not assignable to "SendMail"',
        )


def _finishing() -> Iterator[Mistake]:
    for path in FINISHING:
        yield _given(
            "a row of another job",
            path,
            "«other→row»",
            mypy='has incompatible type "RenderReportJob"; expected "SendMailJob"',
            pyright='"RenderReportJob" is not assignable to "SendMailJob"',
        )
        yield _given(
            "a job that is not fetched",
            path,
            "«mail→row»",
            mypy='has incompatible type "SendMail"; expected "SendMailJob"',
            pyright='"SendMail" is not assignable to "SendMailJob"',
        )


def _results() -> Iterator[Mistake]:
    """What comes back, taken for something else."""
    wrong = {"enqueue": "str", "enqueue_many": "int", "enqueue_copy": "list[int]"}
    right = {"enqueue": "int", "enqueue_many": "list[int]", "enqueue_copy": "int"}
    for path in WAYS_IN:
        way = path.name.removeprefix("aio.")
        yield Mistake(
            name=f"another result of {path.name}",
            code=f"""
{path.define} work(conn: psycopg.{path.connection}[object], mail: jobs.SendMail) -> None:
    found: «{wrong[way]}→{right[way]}» = {path.code.format("mail")}
""",
            mypy=f'has type "{right[way]}", variable has type "{wrong[way]}"',
            pyright=f'is not assignable to declared type "{wrong[way]}"',
        )
    for path in WAYS_OUT:
        if path.code.startswith("for"):
            call = path.code.removeprefix("for job in ").removesuffix(":")
            yield Mistake(
                name=f"many rows for one of {path.name}",
                code=f"""
{path.define} work(conn: psycopg.{path.connection}[object], worker: UUID) -> None:
    jobs_found = {call}
    print(jobs_found«→[0]».email)
""",
                mypy='"list[SendMailJob]" has no attribute "email"',
                pyright='Cannot access attribute "email" for class "list[SendMailJob]"',
            )


SHAPES: Final = (*_bulk(), *_single(), *_finishing(), *_results())
