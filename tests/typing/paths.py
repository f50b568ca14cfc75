"""Mistakes that must be rejected on every path: single, bulk and COPY, sync and aio."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.typing.mistake import Mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A function of a generated module, as code that calls it with `conn`."""

    name: str
    code: str

    @property
    def connection(self) -> str:
        return "AsyncConnection" if "aio." in self.name else "Connection"

    @property
    def define(self) -> str:
        return "async def" if "aio." in self.name else "def"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A mistake for which a path has a place, in the notation of `Mistake`."""

    name: str
    code: str
    mypy: str
    pyright: str


WAYS_IN: Final = (
    Path(name="enqueue", code="jobs.send_mail.enqueue(conn, {})"),
    Path(name="enqueue_many", code="jobs.send_mail.enqueue_many(conn, [mail, {}])"),
    Path(name="enqueue_copy", code="jobs.send_mail.enqueue_copy(conn, [mail, {}])"),
    Path(name="aio.enqueue", code="await jobs.aio.send_mail.enqueue(conn, {})"),
    Path(
        name="aio.enqueue_many",
        code="await jobs.aio.send_mail.enqueue_many(conn, [mail, {}])",
    ),
    Path(
        name="aio.enqueue_copy",
        code="await jobs.aio.send_mail.enqueue_copy(conn, [mail, {}])",
    ),
)

PAYLOADS: Final = (
    Fragment(
        name="a value of another type",
        code='jobs.SendMail(user_id=«"1"→1», email="a")',
        mypy='Argument "user_id" to "SendMail" has incompatible type "str"',
        pyright='is not assignable to "int"',
    ),
    Fragment(
        name="a field is missing",
        code='jobs.SendMail(user_id=1«→, email="a"»)',
        mypy='Missing named argument "email" for "SendMail"',
        pyright='Argument missing for parameter "email"',
    ),
    Fragment(
        name="a field is misspelt",
        code='jobs.SendMail(user_id=1, «emial→email»="a")',
        mypy='Unexpected keyword argument "emial" for "SendMail"',
        pyright='No parameter named "emial"',
    ),
    Fragment(
        name="a nullable value for a column that is not",
        code='jobs.SendMail(user_id=1, email=text« → or "a"»)',
        mypy='Argument "email" to "SendMail" has incompatible type "str | None"',
        pyright='"None" is not assignable to "str"',
    ),
    Fragment(
        name="a label instead of a member",
        code='jobs.SendMail(user_id=1, email="a",'
        ' kind=«"welcome"→jobs.MailKind.WELCOME»)',
        mypy='Argument "kind" to "SendMail" has incompatible type "str"',
        pyright='"MailKind"',
    ),
    Fragment(
        name="a member of another enum",
        code='jobs.SendMail(user_id=1, email="a",'
        " kind=jobs.«ReportStyle.BARS→MailKind.WELCOME»)",
        mypy='Argument "kind" to "SendMail" has incompatible type "ReportStyle"',
        pyright='"MailKind"',
    ),
    Fragment(
        name="another job",
        code="«jobs.PruneCharts()→mail»",
        mypy='incompatible type "PruneCharts"; expected "SendMail"',
        pyright='"PruneCharts" is not assignable to "SendMail"',
    ),
    Fragment(
        name="a fetched row",
        code="«row→mail»",
        mypy='incompatible type "SendMailJob"; expected "SendMail"',
        pyright='"SendMailJob" is not assignable to "SendMail"',
    ),
    Fragment(
        name="None",
        code="«None→mail»",
        mypy='incompatible type "None"; expected "SendMail"',
        pyright='"None" is not assignable to "SendMail"',
    ),
)

WAYS_OUT: Final = (
    Path(name="fetch", code="job = jobs.send_mail.fetch(conn, worker)"),
    Path(
        name="fetch_many", code="for job in jobs.send_mail.fetch_many(conn, worker, 9):"
    ),
    Path(name="aio.fetch", code="job = await jobs.aio.send_mail.fetch(conn, worker)"),
    Path(
        name="aio.fetch_many",
        code="for job in await jobs.aio.send_mail.fetch_many(conn, worker, 9):",
    ),
)

FIELDS: Final = (
    Fragment(
        name="a field of a row is misspelt",
        code="print(job.«emial→email»)",
        mypy='"SendMailJob" has no attribute "emial"',
        pyright='Cannot access attribute "emial" for class "SendMailJob"',
    ),
    Fragment(
        name="a field of a row has another type",
        code="name: str = job.«user_id→email»",
        mypy='expression has type "int", variable has type "str"',
        pyright='"int" is not assignable to "str"',
    ),
    Fragment(
        name="a nullable field of a row is used without a look",
        code='print((job.subject« → or ""»).upper())',
        mypy='Item "None" of "str | None" has no attribute "upper"',
        pyright='"upper" is not a known attribute of "None"',
    ),
    Fragment(
        name="a field of a row is assigned to",
        code='«job.email = "x"→print(job.email)»',
        mypy='Property "email" defined in "SendMailJob" is read-only',
        pyright='Attribute "email" is read-only',
    ),
    Fragment(
        name="the status of a row as a number",
        code="status: «int→jobs.JobStatus» = job.status",
        mypy='expression has type "JobStatus", variable has type "int"',
        pyright='"JobStatus" is not assignable to "int"',
    ),
    Fragment(
        name="the status of a row compared with a number",
        code="print(job.status == «5→jobs.JobStatus.RETRY»)",
        mypy="Non-overlapping equality check",
        pyright='and "Literal[5]" have no overlap',
    ),
)


def _payloads() -> Iterator[Mistake]:
    for path in WAYS_IN:
        for fragment in PAYLOADS:
            call = path.code.format(fragment.code)
            yield Mistake(
                name=f"{fragment.name} to {path.name}",
                code=f"""
{path.define} produce(
    conn: psycopg.{path.connection}[object],
    mail: jobs.SendMail,
    row: jobs.SendMailJob,
    text: str | None,
) -> None:
    {call}
""",
                mypy=fragment.mypy,
                pyright=fragment.pyright,
            )


def _rows() -> Iterator[Mistake]:
    for path in WAYS_OUT:
        look = "    " if path.code.startswith("for") else "assert job is not None\n    "
        for fragment in FIELDS:
            yield Mistake(
                name=f"{fragment.name} from {path.name}",
                code=f"""
{path.define} work(conn: psycopg.{path.connection}[object], worker: UUID) -> None:
    {path.code}
    {look}{fragment.code}
""",
                mypy=fragment.mypy,
                pyright=fragment.pyright,
            )


def _connections() -> Iterator[Mistake]:
    """The other kind of connection, everywhere."""
    for path in (*WAYS_IN, *WAYS_OUT):
        right = path.connection
        wrong = "Connection" if right == "AsyncConnection" else "AsyncConnection"
        body = "        ..." if path.code.startswith("for") else ""
        yield Mistake(
            name=f"another connection for {path.name}",
            code=f"""
{path.define} work(
    conn: psycopg.«{wrong}→{right}»[object], mail: jobs.SendMail, worker: UUID
) -> None:
    {path.code.format("mail")}
{body}
""",
            mypy=f'has incompatible type "{wrong}[object]"',
            pyright=f'"{wrong}[object]" is not assignable to "{right}[object]"',
        )


def _forgotten_awaits() -> Iterator[Mistake]:
    """A coroutine that nobody waits for does nothing."""
    for path in (*WAYS_IN, *WAYS_OUT):
        if "await " not in path.code or path.code.startswith("for"):
            continue
        call = path.code.format("mail").removeprefix("job = ").removeprefix("await ")
        yield Mistake(
            name=f"no await of {path.name}",
            code=f"""
async def work(
    conn: psycopg.AsyncConnection[object], mail: jobs.SendMail, worker: UUID
) -> None:
    «→await »{call}
""",
            mypy="must be used",
            pyright="Result of async function call is not used",
        )


PATHS: Final = (*_payloads(), *_rows(), *_connections(), *_forgotten_awaits())
