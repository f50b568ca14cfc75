"""A real PgBouncer, usually in transaction mode: whoever connects gets a session of
the server for each transaction, and another one for the next.

Debian and Homebrew call the package `pgbouncer`; `JOBGEN_TEST_PGBOUNCER` names a
program that lies elsewhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.servers import Server, free_port
from tests.worker.support import wait_until

_VARIABLE: Final = "JOBGEN_TEST_PGBOUNCER"

# It logs in for its clients, as whom it likes: it is reached from this machine only.
_CONFIGURATION: Final = """\
[databases]
* = host={server.directory} port={server.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {directory}
auth_type = any
pool_mode = {mode}
default_pool_size = {sessions}
logfile = {directory}/log
pidfile = {directory}/pid
"""


def program() -> str:
    """PgBouncer, without which the test is skipped: it is not on PyPI.

    Debian's is where a user does not look; CI installs the system's package.
    """
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    found = os.environ.get(_VARIABLE) or shutil.which("pgbouncer", path=path)
    if found is None:
        pytest.skip(f"no pgbouncer is installed, nor named by {_VARIABLE}")
    return found


@dataclass(slots=True)
class Pooler:
    """One before `server`; its configuration, log and socket lie in `directory`."""

    server: Server
    directory: Path
    program: str
    sessions: int
    """Of the server, for all clients of one database."""
    mode: str = "transaction"
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def dsn(self, database: str) -> str:
        """How libpq reaches the database of this DSN by way of the pooler."""
        name = conninfo_to_dict(database)["dbname"]
        return make_conninfo(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            dbname=str(name),
            sslmode="disable",
            gssencmode="disable",
        )

    @property
    def socket(self) -> str:
        """The Unix socket at which it listens too."""
        return f"{self.directory}/.s.PGSQL.{self.port}"

    def start(self) -> None:
        """Return when it accepts connections."""
        account = self.server.account  # like PostgreSQL, it refuses to be root
        configuration = self.directory / "pgbouncer.ini"
        configuration.write_text(
            _CONFIGURATION.format(
                server=self.server,
                port=self.port,
                directory=self.directory,
                sessions=self.sessions,
                mode=self.mode,
            )
        )
        self._process = subprocess.Popen(
            [self.program, "-q", str(configuration)],
            user=account,
            extra_groups=None if account is None else [],
        )
        wait_until(self._answers)

    def kill(self) -> None:
        """End it as a crash does: its clients and its sessions are gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn(self.server.dsn())).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def pooling(
    server: Server,
    directory: Path,
    program: str,
    sessions: int,
    mode: str = "transaction",
) -> Generator[Pooler]:
    """A pooler that runs, before this server, until the end of the block."""
    server.give(directory)
    pooler = Pooler(server, directory, program, sessions, mode)
    pooler.start()
    try:
        yield pooler
    finally:
        pooler.kill()
