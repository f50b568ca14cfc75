"""The job of the scenarios, and what the database itself notes of its endings."""

from __future__ import annotations

from pathlib import Path
from typing import Final, LiteralString

import psycopg

from tests.emit.schemas import files, write

PACKAGE: Final = "chaos_jobs"

_SCHEMA: Final = """\
jobgen: 1
package: chaos_jobs
output: ../chaos_jobs
jobs:
  task:
    columns: {behaviour: {type: text, default: none}}
    max_attempts: 1000
    backoff: {strategy: constant, delay: 100ms}
    concurrency: 8
"""

# A row says only how it is now; that it ended twice would not be seen in it.
_ENDINGS: LiteralString = """
CREATE TABLE endings (id bigint NOT NULL);
CREATE FUNCTION note_ending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.endings VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER note_ending AFTER UPDATE ON task_jobs FOR EACH ROW
    WHEN (NEW.status IN ('job_status_succeeded', 'job_status_failed',
        'job_status_timed_out'))
    EXECUTE FUNCTION note_ending();
"""


def install(dsn: str, directory: Path) -> None:
    """The tables in the database, and the package in the directory."""
    package = files(_SCHEMA)
    write(package, directory / PACKAGE)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(package["schema.sql"].encode())
        conn.execute(_ENDINGS)
