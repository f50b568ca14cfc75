"""The table of mistakes that both type checkers must reject."""

from typing import Final

from tests.typing.mistake import Mistake

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
        name="a payload field is misspelt",
        code="""
def handler(job: jobs.SendMailJob) -> None:
    print(job.«emial→email»)
""",
        mypy='"SendMailJob" has no attribute "emial"',
        pyright='Cannot access attribute "emial" for class "SendMailJob"',
    ),
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
        name="a payload field of another type",
        code="""
def handler(job: jobs.SendMailJob) -> None:
    name: str = job.«user_id→email»
""",
        mypy='expression has type "int", variable has type "str"',
        pyright='Type "int" is not assignable to declared type "str"',
    ),
    Mistake(
        name="a nullable field is used as if it were never NULL",
        code="""
def handler(job: jobs.SendMailJob) -> None:
    print(«job.subject→(job.subject or "")».upper())
""",
        mypy='Item "None" of "str | None" has no attribute "upper"',
        pyright='"upper" is not a known attribute of "None"',
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
        name="a row is changed",
        code="""
def handler(job: jobs.SendMailJob) -> None:
    «job.email = "x"→print(job.email)»
""",
        mypy='Property "email" defined in "SendMailJob" is read-only',
        pyright='Attribute "email" is read-only',
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
        name="a row of another job is finished",
        code="""
def work(conn: psycopg.Connection[object], job: jobs.SendMailJob) -> None:
    jobs.«render_report→send_mail».succeed(conn, job)
""",
        mypy='has incompatible type "SendMailJob"; expected "RenderReportJob"',
        pyright='"SendMailJob" is not assignable to "RenderReportJob"',
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
        name="a field is misspelt",
        code='jobs.SendMail(user_id=1, «emial→email»="a@example.org")',
        mypy='Unexpected keyword argument "emial" for "SendMail"',
        pyright='No parameter named "emial"',
    ),
    Mistake(
        name="a field is missing",
        code='jobs.SendMail(user_id=1«→, email="a@example.org"»)',
        mypy='Missing named argument "email" for "SendMail"',
        pyright='Argument missing for parameter "email"',
    ),
    Mistake(
        name="a value of another type",
        code='jobs.SendMail(user_id=«"1"→1», email="a@example.org")',
        mypy='Argument "user_id" to "SendMail" has incompatible type "str"',
        pyright='is not assignable to "int"',
    ),
    Mistake(
        name="fields by position",
        code='jobs.SendMail(«→user_id=»1, email="a@example.org")',
        mypy='Too many positional arguments for "SendMail"',
        pyright="Expected 0 positional arguments",
    ),
    Mistake(
        name="a nullable value for a column that is not",
        code="""
def new(email: str | None) -> jobs.SendMail:
    return jobs.SendMail(user_id=1, email=email« → or "a@example.org"»)
""",
        mypy='Argument "email" to "SendMail" has incompatible type "str | None"',
        pyright='"None" is not assignable to "str"',
    ),
    Mistake(
        name="None where the database has a default",
        code='jobs.SendMail(user_id=1, email="a", kind=«None→DEFAULT»)',
        mypy='Argument "kind" to "SendMail" has incompatible type "None"',
        pyright='"None" is not assignable to "MailKind"',
    ),
    Mistake(
        name="a label instead of a member",
        code='jobs.SendMail(user_id=1, email="a",'
        ' kind=«"welcome"→jobs.MailKind.WELCOME»)',
        mypy='Argument "kind" to "SendMail" has incompatible type "str"',
        pyright='"MailKind"',
    ),
    Mistake(
        name="a member of another enum",
        code='jobs.SendMail(user_id=1, email="a",'
        " kind=jobs.«ReportStyle.BARS→MailKind.WELCOME»)",
        mypy='Argument "kind" to "SendMail" has incompatible type "ReportStyle"',
        pyright='"MailKind"',
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
        name="what is no JSON",
        code='jobs.ImportContacts(file_name="a", content="",'
        ' columns_map={"E-Mail": «object()→"email"»})',
        mypy="has incompatible type",
        pyright='"object"',
    ),
)

ENQUEUEING: Final = (
    Mistake(
        name="another job to enqueue",
        code="""
def produce(conn: psycopg.Connection[object], job: jobs.SendMail) -> None:
    jobs.«render_report→send_mail».enqueue(conn, job)
""",
        mypy='has incompatible type "SendMail"; expected "RenderReport"',
        pyright='"SendMail" is not assignable to "RenderReport"',
    ),
    Mistake(
        name="another job to enqueue with aio",
        code="""
async def produce(conn: psycopg.AsyncConnection[object], job: jobs.SendMail) -> None:
    await jobs.aio.«render_report→send_mail».enqueue(conn, job)
""",
        mypy='has incompatible type "SendMail"; expected "RenderReport"',
        pyright='"SendMail" is not assignable to "RenderReport"',
    ),
    Mistake(
        name="a fetched row to enqueue",
        code="""
def produce(conn: psycopg.Connection[object], job: jobs.SendMail«Job→») -> None:
    jobs.send_mail.enqueue(conn, job)
""",
        mypy='has incompatible type "SendMailJob"; expected "SendMail"',
        pyright='"SendMailJob" is not assignable to "SendMail"',
    ),
    Mistake(
        name="an async connection for a synchronous function",
        code="""
def produce(conn: psycopg.«AsyncConnection→Connection»[object]) -> None:
    jobs.prune_charts.enqueue(conn, jobs.PruneCharts())
""",
        mypy='has incompatible type "AsyncConnection[object]"',
        pyright='"AsyncConnection[object]" is not assignable to "Connection[object]"',
    ),
    Mistake(
        name="a synchronous connection for an async function",
        code="""
async def produce(conn: psycopg.«Connection→AsyncConnection»[object]) -> None:
    await jobs.aio.prune_charts.enqueue(conn, jobs.PruneCharts())
""",
        mypy='has incompatible type "Connection[object]"',
        pyright='"Connection[object]" is not assignable to "AsyncConnection[object]"',
    ),
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
        name="a wrong element in a bulk",
        code="""
def produce(conn: psycopg.Connection[object], mail: jobs.SendMail) -> None:
    jobs.send_mail.enqueue_many(conn, [mail, «jobs.PruneCharts()→mail»])
""",
        mypy='List item 1 has incompatible type "PruneCharts"; expected "SendMail"',
        pyright='"PruneCharts" is not assignable to "SendMail"',
    ),
    Mistake(
        name="a wrong element in a COPY",
        code="""
def produce(conn: psycopg.Connection[object], mail: jobs.SendMail) -> None:
    jobs.send_mail.enqueue_copy(conn, [mail, «jobs.PruneCharts()→mail»])
""",
        mypy='List item 1 has incompatible type "PruneCharts"; expected "SendMail"',
        pyright='"PruneCharts" is not assignable to "SendMail"',
    ),
    Mistake(
        name="a wrong element in an async bulk",
        code="""
async def produce(conn: psycopg.AsyncConnection[object], mail: jobs.SendMail) -> None:
    await jobs.aio.send_mail.enqueue_many(conn, [mail, «jobs.PruneCharts()→mail»])
""",
        mypy='List item 1 has incompatible type "PruneCharts"; expected "SendMail"',
        pyright='"PruneCharts" is not assignable to "SendMail"',
    ),
    Mistake(
        name="a wrong element in an async COPY",
        code="""
async def produce(conn: psycopg.AsyncConnection[object], mail: jobs.SendMail) -> None:
    await jobs.aio.send_mail.enqueue_copy(conn, [mail, «jobs.PruneCharts()→mail»])
""",
        mypy='List item 1 has incompatible type "PruneCharts"; expected "SendMail"',
        pyright='"PruneCharts" is not assignable to "SendMail"',
    ),
    Mistake(
        name="one job instead of many",
        code="""
def produce(conn: psycopg.Connection[object], mail: jobs.SendMail) -> None:
    jobs.send_mail.enqueue_many(conn, «mail→[mail]»)
""",
        mypy='has incompatible type "SendMail"; expected "Iterable[SendMail]"',
        pyright='"SendMail" is incompatible with protocol "Iterable[SendMail]"',
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

MISTAKES: Final = (*HANDLERS, *RESULTS, *ROWS, *NEW_JOBS, *ENQUEUEING)
