"""Reads what the handlers left behind; `verify` judges it."""

import mailbox
from collections import Counter
from collections.abc import Iterable, Set
from pathlib import Path
from typing import Final, LiteralString
from xml.etree import ElementTree

import psycopg
from psycopg.rows import TupleRow, tuple_row

from examples.demo.receiver import Request
from examples.demo.tables import TABLES
from examples.demo.verify import Figures, Row
from jobgen.runtime import JobStatus

_KEYS: Final[dict[str, LiteralString]] = {
    "send_mail": "'<send_mail.' || id || '@shop.example>'",
    "post_webhook": "event_id::text",
    "import_contacts": "file_name",
    "render_report": "id::text",
    "prune_charts": "id::text",
}
"""Job → the SQL of the name that its traces bear."""

_CONTACTS: LiteralString = """
    SELECT file_name, count(*)
    FROM contacts INNER JOIN import_contacts_jobs AS job ON job.id = import_id
    GROUP BY file_name
"""

_PASSED_ON: LiteralString = """
    SELECT file_name, count(*)
    FROM crm_sync_queue INNER JOIN import_contacts_jobs AS job ON job.id = import_id
    GROUP BY file_name
"""

_FIGURES: LiteralString = """
    SELECT report_id::text, count(*), sum(total) FROM report_figures GROUP BY report_id
"""

# Not the handler's query: what is wrong there should not be wrong here as well.
_ORDERS: LiteralString = """
    SELECT job.id::text, upper(period) - lower(period), coalesce(sum(amount), 0)
    FROM render_report_jobs AS job
        LEFT JOIN orders ON (ordered_at AT TIME ZONE 'UTC')::date <@ period
    GROUP BY job.id
"""


def rows(conn: psycopg.Connection[object]) -> dict[str, tuple[Row, ...]]:
    """Every table as it is, by the name of the job."""
    return {
        job: tuple(
            Row(id=id, key=key, status=JobStatus(status), attempts=attempts)
            for id, key, status, attempts in _query(
                conn,
                "SELECT id::text, " + _KEYS[job] + ", status::text, attempts_count"
                " FROM " + table,
            )
        )
        for job, table in TABLES.items()
    }


def messages(maildir: Path) -> Counter[str]:
    """Message-ID → how often it lies in a Maildir, as a mail reader sees it."""
    box = mailbox.Maildir(maildir, create=False)
    return Counter(str(message["Message-ID"]) for message in box)


def heard(log: Iterable[Request]) -> Set[str]:
    """The events of which the receiver has said that it heard."""
    return {str(request.event_id) for request in log if request.status == 204}


def contacts(conn: psycopg.Connection[object]) -> dict[str, int]:
    """File → how many contacts came from it."""
    return dict(_query(conn, _CONTACTS))


def passed_on(conn: psycopg.Connection[object]) -> dict[str, int]:
    """File → how many jobs it made for the CRM."""
    return dict(_query(conn, _PASSED_ON))


def figures(conn: psycopg.Connection[object]) -> dict[str, Figures]:
    """Report → what was written down for it."""
    return _figures(conn, _FIGURES)


def orders(conn: psycopg.Connection[object]) -> dict[str, Figures]:
    """Report → what there was to write down."""
    return _figures(conn, _ORDERS)


def charts(directory: Path) -> dict[str, int]:
    """Report → how many values its chart shows.

    Raises `xml.etree.ElementTree.ParseError` for what is no XML.
    """
    return {
        chart.stem.removeprefix("report-"): sum(
            shape.get("class") in ("bar", "dot")
            for shape in ElementTree.parse(chart).iter()
        )
        for chart in directory.glob("report-*.svg")
    }


def _figures(
    conn: psycopg.Connection[object], query: LiteralString
) -> dict[str, Figures]:
    return {
        report: Figures(buckets=buckets, total=total)
        for report, buckets, total in _query(conn, query)
    }


def _query(conn: psycopg.Connection[object], query: LiteralString) -> list[TupleRow]:
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query).fetchall()
