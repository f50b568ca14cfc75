"""CSV files for the imports: every address in them occurs once in the demo."""

import csv
import io
from dataclasses import dataclass
from typing import Final

import generated_example as jobs

CONTACTS: Final = 8
"""How many contacts a file has."""
COLUMNS: Final = {"E-Mail": "email", "Name": "name", "Points": "score"}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A job to import a file, and how many contacts it should bring."""

    job: jobs.ImportContacts
    contacts: int

    @property
    def name(self) -> str:
        return self.job.file_name


def file(number: int) -> File:
    """Most are as they should be; some are broken, some only a rehearsal."""
    broken, dry_run = number % 40 == 7, number % 40 == 23
    picky = number % 10 == 0
    name = f"{'broken' if broken else 'contacts'}-{number}.csv"
    return File(
        job=jobs.ImportContacts(
            file_name=name,
            content=_content(number, broken=broken),
            source=list(jobs.ContactSource)[number % len(jobs.ContactSource)],
            topics=list(jobs.ContactTopic)[: 1 + number % len(jobs.ContactTopic)],
            columns_map=COLUMNS,
            delimiter=";",
            dry_run=dry_run,
            # Their points are 0, 1, 2, … so that half of them have enough.
            min_score=CONTACTS / 2 if picky else None,
        ),
        contacts=0 if broken or dry_run else CONTACTS // 2 if picky else CONTACTS,
    )


def _content(number: int, *, broken: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in range(CONTACTS):
        address = "lost" if broken and line == 5 else f"c{line}.f{number}@example.org"
        writer.writerow([address, f"Contact {line} of {number}", line])
    return text.getvalue()
