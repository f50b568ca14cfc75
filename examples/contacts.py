"""Imports contacts from a CSV file into the address book.

A plain function, bound to its database with `functools.partial`; the worker runs
it in a thread. Running it twice changes nothing the second time.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import LiteralString

import psycopg
from psycopg.types.range import Range

import generated_example as jobs
from jobgen.runtime import Cancel, JsonValue

# In the order of their keys, so that two imports never wait for each other in a
# circle. What is there already, as it should be, is not updated and not counted.
_UPSERT: LiteralString = """
    INSERT INTO contacts AS old (
        email, name, score, source, topics, consent_until, import_id
    )
    SELECT
        email, name, score, %(source)s::contact_source,
        %(topics)s::contact_topic[], %(consent_until)s::date, %(import_id)s::uuid
    FROM unnest(
        %(emails)s::text[], %(names)s::text[], %(scores)s::double precision[]
    ) AS new (email, name, score)
    ORDER BY email
    ON CONFLICT (email) DO UPDATE SET
        name = excluded.name,
        score = excluded.score,
        source = excluded.source,
        topics = excluded.topics,
        consent_until = excluded.consent_until,
        import_id = excluded.import_id
    WHERE old IS DISTINCT FROM excluded
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One line of a file that is worth an entry."""

    email: str
    name: str
    score: float | None


def import_contacts(dsn: str, job: jobs.ImportContactsJob) -> Cancel | None:
    """Handle one `import_contacts` job on the database `dsn`."""
    try:
        contacts = parse(job)
    except ValueError as error:
        return Cancel(f"{job.file_name}: {error}")
    if contacts and not job.dry_run:
        with psycopg.connect(dsn) as conn:
            store(conn, job, contacts)
    return None


def store(
    conn: psycopg.Connection[object],
    job: jobs.ImportContactsJob,
    contacts: Sequence[Contact],
) -> None:
    """Write the contacts, and in the same transaction the job that passes them on."""
    parameters: Mapping[str, object] = {
        "emails": [contact.email for contact in contacts],
        "names": [contact.name for contact in contacts],
        "scores": [contact.score for contact in contacts],
        "source": job.source,
        "topics": [topic.value for topic in job.topics],
        "consent_until": job.consent_until,
        "import_id": job.id,
    }
    if conn.execute(_UPSERT, parameters).rowcount == 0:
        return  # An earlier attempt got this far.
    changed = Range(job.created_at, datetime.now(UTC))
    jobs.sync_crm.enqueue(
        conn, jobs.SyncCrm(import_id=job.id, account="shop", changed=changed)
    )


def parse(job: jobs.ImportContactsJob) -> list[Contact]:
    """The contacts of the job's file, one for each address, the last one counting.

    Raises `ValueError`, with the number of the line, for what is not as the job
    says that it is.
    """
    lines = list(csv.reader(job.content.splitlines(), delimiter=job.delimiter))
    positions = _positions(lines, job.skip_lines, _fields(job.columns_map))
    found: dict[str, Contact] = {}
    for number, line in enumerate(lines, start=1):
        if line and number not in job.skip_lines:
            contact = _contact(number, line, positions)
            if _is_wanted(contact, job.min_score):
                found[contact.email] = contact
    return list(found.values())


def _fields(columns_map: JsonValue) -> dict[str, str]:
    """From a column of the file to a field of `Contact`."""
    if not isinstance(columns_map, Mapping) or "email" not in columns_map.values():
        raise ValueError("columns_map names no column with the e-mail address")
    return {column: str(field) for column, field in columns_map.items()}


def _positions(
    lines: Sequence[Sequence[str]], skipped: Sequence[int], fields: Mapping[str, str]
) -> dict[str, int]:
    """Where on a line each field stands, by the one skipped line that names all."""
    for number in skipped:
        header = lines[number - 1] if 0 < number <= len(lines) else ()
        if set(fields) <= set(header):
            return {field: header.index(column) for column, field in fields.items()}
    raise ValueError(f"no skipped line names the columns {', '.join(fields)}")


def _contact(number: int, line: Sequence[str], positions: Mapping[str, int]) -> Contact:
    if max(positions.values()) >= len(line):
        raise ValueError(f"line {number} ends too soon")
    values = {field: line[position].strip() for field, position in positions.items()}
    email = values["email"].lower()
    if "@" not in email:
        raise ValueError(f"line {number}: {email!r} is not an e-mail address")
    return Contact(
        email=email,
        name=values.get("name") or email.partition("@")[0],
        score=_score(number, values.get("score")),
    )


def _score(number: int, text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise ValueError(f"line {number}: {text!r} is not a score") from None


def _is_wanted(contact: Contact, min_score: float | None) -> bool:
    return min_score is None or (contact.score or 0.0) >= min_score
