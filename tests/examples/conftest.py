"""A shop: the database of the examples, with their own tables and some orders."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

import examples

APP_SQL = Path(examples.__file__).with_name("app.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Its database; `conn` is in autocommit mode. `worker` fetches the jobs."""

    dsn: str
    conn: psycopg.Connection
    worker: UUID


@pytest.fixture
def shop(jobs_dsn: str) -> Iterator[Shop]:
    with psycopg.connect(jobs_dsn, autocommit=True) as conn:
        conn.execute(APP_SQL.read_bytes())
        yield Shop(dsn=jobs_dsn, conn=conn, worker=uuid.uuid4())
