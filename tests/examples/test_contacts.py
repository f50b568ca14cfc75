"""A CSV file becomes entries of the address book, once."""

from datetime import date

import pytest

import generated_example as jobs
from examples.contacts import Contact, import_contacts, parse
from jobgen.runtime import Cancel
from tests.examples.conftest import Shop

FILE = """\
Name;E-Mail;Points
Ann;Ann@Example.org;4.5
Bob;bob@example.org;1
"""
COLUMNS = {"E-Mail": "email", "Name": "name", "Points": "score"}


def _fetched(shop: Shop, new: jobs.ImportContacts) -> jobs.ImportContactsJob:
    jobs.import_contacts.enqueue(shop.conn, new)
    job = jobs.import_contacts.fetch(shop.conn, shop.worker)
    assert job is not None
    return job


def _file(
    content: str = FILE,
    *,
    dry_run: bool = False,
    min_score: float | None = None,
    skip_lines: list[int] | None = None,
) -> jobs.ImportContacts:
    return jobs.ImportContacts(
        file_name="fair.csv",
        content=content,
        source=jobs.ContactSource.TRADE_FAIR,
        topics=[jobs.ContactTopic.PRICES, jobs.ContactTopic.EVENTS],
        columns_map=COLUMNS,
        delimiter=";",
        dry_run=dry_run,
        min_score=min_score,
        skip_lines=skip_lines or [1],
        consent_until=date(2030, 1, 31),
    )


def _entries(shop: Shop) -> list[tuple[object, ...]]:
    return shop.conn.execute(
        "SELECT email, name, score, source::text, topics::text[], consent_until,"
        " import_id FROM contacts ORDER BY email"
    ).fetchall()


def test_a_file_is_imported(shop: Shop) -> None:
    """Every line is an entry, with what the job says about all of them."""
    job = _fetched(shop, _file())
    assert import_contacts(shop.dsn, job) is None
    rest = ("trade fair", ["prices", "events"], date(2030, 1, 31), job.id)
    expected = [
        ("ann@example.org", "Ann", 4.5, *rest),
        ("bob@example.org", "Bob", 1.0, *rest),
    ]
    assert expected == _entries(shop)


def test_an_import_is_passed_on_once(shop: Shop) -> None:
    """A second run changes nothing, and does not enqueue the next job again."""
    job = _fetched(shop, _file())
    import_contacts(shop.dsn, job)
    before = _entries(shop)
    import_contacts(shop.dsn, job)
    assert before == _entries(shop)
    query = "SELECT import_id FROM crm_sync_queue"
    assert [(job.id,)] == shop.conn.execute(query).fetchall()


def test_a_later_file_updates_an_entry(shop: Shop) -> None:
    """The address is the key; the rest is replaced."""
    import_contacts(shop.dsn, _fetched(shop, _file()))
    newer = FILE.replace("4.5", "9")
    import_contacts(shop.dsn, _fetched(shop, _file(newer)))
    scores = [entry[2] for entry in _entries(shop)]
    assert scores == [9.0, 1.0]


def test_a_dry_run_writes_nothing(shop: Shop) -> None:
    """The file is read and judged, no more."""
    assert import_contacts(shop.dsn, _fetched(shop, _file(dry_run=True))) is None
    assert _entries(shop) == []
    bad = _fetched(shop, _file("Name\nAnn\n", dry_run=True))
    assert isinstance(import_contacts(shop.dsn, bad), Cancel)


def test_contacts_below_the_score_are_left_out(shop: Shop) -> None:
    """`min_score` counts as reached by those who have it exactly."""
    job = _fetched(shop, _file(min_score=4.5))
    assert [Contact(email="ann@example.org", name="Ann", score=4.5)] == parse(job)


def test_lines_that_are_no_contacts_are_skipped(shop: Shop) -> None:
    """The header is the one of them that names the columns."""
    job = _fetched(shop, _file("exported yesterday\n\n" + FILE, skip_lines=[1, 3]))
    assert [contact.name for contact in parse(job)] == ["Ann", "Bob"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no skipped line names the columns"),
        ("Name;E-Mail\nAnn;ann@example.org", "no skipped line names the columns"),
        (FILE + "Cid;cid@example.org", "line 4 ends too soon"),
        (FILE + "Cid;cid;3", "line 4: 'cid' is not an e-mail address"),
        (FILE + "Cid;cid@example.org;many", "line 4: 'many' is not a score"),
    ],
)
def test_a_bad_file_is_cancelled(shop: Shop, content: str, reason: str) -> None:
    """None of it is imported, and the reason names the file and the line."""
    outcome = import_contacts(shop.dsn, _fetched(shop, _file(content)))
    assert isinstance(outcome, Cancel)
    assert outcome.reason.startswith("fair.csv: ")
    assert reason in outcome.reason
    assert _entries(shop) == []
