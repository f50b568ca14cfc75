"""The table of mistakes that both type checkers must reject."""

from typing import Final

from tests.typing.columns import COLUMNS
from tests.typing.mistake import Mistake
from tests.typing.paths import PATHS
from tests.typing.shapes import SHAPES

REST: Final = """
    render_report=render_report,
    post_webhook=post_webhook,
    import_contacts=import_contacts,
    prune_charts=Pruner(),
)
"""

# Where the checkers' words for a handler that does not fit are always the same.
NOT_A_HANDLER: Final = 'Argument "send_mail" to "handlers" has incompatible type'
NOT_ASSIGNABLE: Final = 'cannot be assigned to parameter "send_mail"'

HANDLERS: Final = (
    Mistake(
        name="a handler is missing",
        code="""
jobs.handlers(
    send_mail=send_mail,
    render_report=render_report,
    «→post_webhook=post_webhook,»
    import_contacts=import_contacts,
    prune_charts=Pruner(),
)
""",
        mypy='Missing named argument "post_webhook" for "handlers"',
        pyright='Argument missing for parameter "post_webhook"',
    ),
    Mistake(
        name="two handlers are swapped",
        code="""
jobs.handlers(
    send_mail=«render_report→send_mail»,
    render_report=«send_mail→render_report»,
    post_webhook=post_webhook,
    import_contacts=import_contacts,
    prune_charts=Pruner(),
)
""",
        mypy=NOT_A_HANDLER,
        pyright='"SendMailJob" is incompatible with type "RenderReportJob"',
    ),
    Mistake(
        name="a handler of a job that there is not",
        code=f"jobs.handlers(«send_fax=send_mail,→»send_mail=send_mail,{REST}",
        mypy='Unexpected keyword argument "send_fax" for "handlers"',
        pyright='No parameter named "send_fax"',
    ),
    Mistake(
        name="a handler of a job that runs elsewhere",
        code=f"jobs.handlers(«sync_crm=send_mail,→»send_mail=send_mail,{REST}",
        mypy='Unexpected keyword argument "sync_crm" for "handlers"',
        pyright='No parameter named "sync_crm"',
    ),
    Mistake(
        name="a handler by position",
        code=f"jobs.handlers(«→send_mail=»send_mail,{REST}",
        mypy='Too many positional arguments for "handlers"',
        pyright="Expected 0 positional arguments",
    ),
    Mistake(
        name="a handler that was called",
        code=f"""
def handlers(job: jobs.SendMailJob) -> None:
    jobs.handlers(send_mail=send_mail«(job)→»,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright="is not assignable to type",
    ),
    Mistake(
        name="the class of a handler instead of a handler",
        code=f"""
class Mailer:
    def __call__(self, job: jobs.SendMailJob) -> None: ...

jobs.handlers(send_mail=Mailer«→()»,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright=NOT_ASSIGNABLE,
    ),
    Mistake(
        name="a handler with a parameter that nobody fills in",
        code=f"""
def mail(dsn: str, job: jobs.SendMailJob) -> None: ...

jobs.handlers(send_mail=«mail→partial(mail, "")»,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright="Extra parameter",
    ),
    Mistake(
        name="a bound method that handles another job",
        code=f"""
class Mailer:
    async def send(self, job: jobs.SendMailJob) -> None: ...
    async def render(self, job: jobs.RenderReportJob) -> None: ...

jobs.handlers(send_mail=Mailer().«render→send»,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright='"SendMailJob" is incompatible with type "RenderReportJob"',
    ),
)

RESULTS: Final = (
    Mistake(
        name="an async handler returns an int",
        code=f"""
async def handler(job: jobs.SendMailJob) -> «int→None»:
    return «1→None»

jobs.handlers(send_mail=handler,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright='"int" is not a subtype of "Outcome',
    ),
    Mistake(
        name="a plain handler returns an int",
        code=f"""
def handler(job: jobs.SendMailJob) -> «int→None»:
    return «1→None»

jobs.handlers(send_mail=handler,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright='Function return type "int" is incompatible',
    ),
    Mistake(
        name="a handler returns a status",
        code=f"""
async def handler(job: jobs.SendMailJob) -> «jobs.JobStatus→Outcome | None»:
    return «jobs.JobStatus.SUCCEEDED→Cancel("gone")»

jobs.handlers(send_mail=handler,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright='"JobStatus" is not a subtype of "Outcome',
    ),
    Mistake(
        name="a handler returns the class of an outcome",
        code=f"""
def handler(job: jobs.SendMailJob) -> «type[Retry]→Retry»:
    return Retry«→(timedelta(seconds=1))»

jobs.handlers(send_mail=handler,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright=NOT_ASSIGNABLE,
    ),
    Mistake(
        name="a callable object returns an int",
        code=f"""
class Mailer:
    async def __call__(self, job: jobs.SendMailJob) -> «int→None»:
        return «1→None»

jobs.handlers(send_mail=Mailer(),{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright='"int" is not a subtype of "Outcome',
    ),
    Mistake(
        name="a bound method returns a text",
        code=f"""
class Mailer:
    def send(self, job: jobs.SendMailJob) -> «str→None»:
        return «"sent"→None»

jobs.handlers(send_mail=Mailer().send,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright='Function return type "str" is incompatible',
    ),
    Mistake(
        name="a handler yields",
        code=f"""
async def handler(job: jobs.SendMailJob) -> «AsyncIterator[None]→None»:
    «yield→return»

jobs.handlers(send_mail=handler,{REST}
""",
        mypy=NOT_A_HANDLER,
        pyright=NOT_ASSIGNABLE,
    ),
    Mistake(
        name="a delay is a number",
        code="""
def handler(job: jobs.SendMailJob) -> Snooze:
    return Snooze(«30→timedelta(seconds=30)»)
""",
        mypy='Argument 1 to "Snooze" has incompatible type "int"',
        pyright='is not assignable to "timedelta"',
    ),
)

ROWS: Final = (
    Mistake(
        name="a payload field of another job",
        code="""
async def handler(job: jobs.SendMailJob) -> None:
    print(job.«event_id→user_id»)
""",
        mypy='"SendMailJob" has no attribute "event_id"',
        pyright='Cannot access attribute "event_id" for class "SendMailJob"',
    ),
    Mistake(
        name="a JSON value is used without a look",
        code="""
def handler(job: jobs.PostWebhookJob) -> None:
    match job.payload:
        case {"order": order}:
            number: int = order«→ if isinstance(order, int) else 0»
        case _: ...
""",
        mypy="Incompatible types in assignment",
        pyright='is not assignable to declared type "int"',
    ),
    Mistake(
        name="what fetch returns is used without a look",
        code="""
def work(conn: psycopg.Connection[object], worker: UUID) -> None:
    job = jobs.send_mail.fetch(conn, worker)
    «→assert job is not None»
    print(job.email)
""",
        mypy='Item "None" of "SendMailJob | None" has no attribute "email"',
        pyright='"email" is not a known attribute of "None"',
    ),
    Mistake(
        name="what aio's fetch returns is used without a look",
        code="""
async def work(conn: psycopg.AsyncConnection[object], worker: UUID) -> None:
    job = await jobs.aio.send_mail.fetch(conn, worker)
    «→assert job is not None»
    print(job.email)
""",
        mypy='Item "None" of "SendMailJob | None" has no attribute "email"',
        pyright='"email" is not a known attribute of "None"',
    ),
    Mistake(
        name="the status of a lost row is used without a look",
        code="""
async def work(conn: psycopg.AsyncConnection[object], job: jobs.SendMailJob) -> None:
    status: jobs.JobStatus« → | None» = await jobs.aio.send_mail.succeed(conn, job)
""",
        mypy="Incompatible types in assignment",
        pyright='"None" is not assignable to "JobStatus"',
    ),
    Mistake(
        name="an id is not what it is",
        code="""
def work(conn: psycopg.Connection[object], job: jobs.ImportContactsJob) -> None:
    id: «int→UUID» = job.id
""",
        mypy='expression has type "UUID", variable has type "int"',
        pyright='Type "UUID" is not assignable to declared type "int"',
    ),
)

NEW_JOBS: Final = (
    Mistake(
        name="fields by position",
        code='jobs.SendMail(«→user_id=»1, email="a@example.org")',
        mypy='Too many positional arguments for "SendMail"',
        pyright="Expected 0 positional arguments",
    ),
    Mistake(
        name="None where the database has a default",
        code='jobs.SendMail(user_id=1, email="a", kind=«None→DEFAULT»)',
        mypy='Argument "kind" to "SendMail" has incompatible type "None"',
        pyright='"None" is not assignable to "MailKind"',
    ),
    Mistake(
        name="a member that there is not",
        code="print(jobs.MailKind.«WELCOM→WELCOME»)",
        mypy='"type[MailKind]" has no attribute "WELCOM"',
        pyright='Cannot access attribute "WELCOM" for class "type[MailKind]"',
    ),
    Mistake(
        name="a date where a datetime must be",
        code="""
def new(day: «date→datetime») -> jobs.SendMail:
    return jobs.SendMail(user_id=1, email="a", run_at=day)
""",
        mypy='Argument "run_at" to "SendMail" has incompatible type "date"',
        pyright='"date" is not assignable to "datetime"',
    ),
    Mistake(
        name="an array of something else",
        code='jobs.ImportContacts(file_name="a", content="", columns_map={},'
        " topics=[jobs.«ContactSource.CSV→ContactTopic.PRICES»])",
        mypy="List item 0 has incompatible type",
        pyright='"ContactTopic"',
    ),
    Mistake(
        name="None in an array",
        code='jobs.ImportContacts(file_name="a", content="", columns_map={},'
        " topics=[«None→jobs.ContactTopic.PRICES»])",
        mypy='List item 0 has incompatible type "None"',
        pyright='"None" is not assignable to "ContactTopic"',
    ),
    Mistake(
        name="what is no JSON",
        code='jobs.ImportContacts(file_name="a", content="",'
        ' columns_map={"E-Mail": «object()→"email"»})',
        mypy="has incompatible type",
        pyright='"object"',
    ),
)

NAMES: Final = (
    Mistake(
        name="a class of the package is misspelt",
        code="jobs.«SendMial→SendMail»(user_id=1, email='')",
        mypy='Module has no attribute "SendMial"',
        pyright='"SendMial" is not a known attribute of module',
    ),
    Mistake(
        name="a job of the package is misspelt",
        code="jobs.«send_mial→send_mail».TABLE",
        mypy='Module has no attribute "send_mial"',
        pyright='"send_mial" is not a known attribute of module',
    ),
    Mistake(
        name="an asynchronous job is misspelt",
        code="jobs.aio.«send_mial→send_mail».TABLE",
        mypy='Module has no attribute "send_mial"',
        pyright='"send_mial" is not a known attribute of module',
    ),
    Mistake(
        name="a name of the package is misspelt where it is imported",
        code="from generated_example import «SendMial→SendMail»",
        mypy='Module "generated_example" has no attribute "SendMial"',
        pyright='"SendMial" is unknown import symbol',
    ),
)

ENQUEUEING: Final = (
    Mistake(
        name="an enqueue that is not awaited",
        code="""
async def produce(conn: psycopg.AsyncConnection[object]) -> None:
    id: int = «→await »jobs.aio.prune_charts.enqueue(conn, jobs.PruneCharts())
""",
        mypy='variable has type "int"',
        pyright='is not assignable to declared type "int"',
    ),
    Mistake(
        name="the ids of a uuid table as numbers",
        code="""
def produce(conn: psycopg.Connection[object], job: jobs.SyncCrm) -> None:
    ids: list[«int→UUID»] = jobs.sync_crm.enqueue_many(conn, [job])
""",
        mypy='expression has type "list[UUID]", variable has type "list[int]"',
        pyright='"list[UUID]" is not assignable to "list[int]"',
    ),
    Mistake(
        name="a job that runs elsewhere is fetched here",
        code="""
def work(conn: psycopg.Connection[object], worker: UUID) -> None:
    jobs.«sync_crm→send_mail».fetch(conn, worker)
""",
        mypy='has no attribute "fetch"',
        pyright='"fetch" is not a known attribute of module',
    ),
)

MISTAKES: Final = (
    *(*HANDLERS, *RESULTS, *ROWS, *NEW_JOBS, *NAMES, *ENQUEUEING),
    *(*PATHS, *SHAPES, *COLUMNS),
)
