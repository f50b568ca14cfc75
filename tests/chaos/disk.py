"""A disk so small that a scenario can fill it up."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg import sql

from tests.servers import Server

_FORBIDDEN: Final = re.compile("permission denied|not permitted|superuser|only root")
"""What `mount` says to those who may not, as against all that is a fault."""


class Disk:
    """A mounted directory. Something else than the server's files may fill it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._filler = directory / "filler"

    def fill(self) -> None:
        """Write until there is no room left."""
        try:
            with self._filler.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 12))
        except OSError:
            return

    def free(self) -> None:
        self._filler.unlink()


@contextmanager
def small_disk(server: Server, megabytes: int) -> Generator[tuple[Disk, str]]:
    """The disk, and the DSN of an empty database on it.

    Mounting takes root; the test is skipped where it is forbidden. A file that fills
    the server's own disk is no way round that: others use it too. At the end the
    server is stopped: what it keeps there goes with the small one.
    """
    disk = Disk(server.directory / "small")
    disk.directory.mkdir()
    _mount(disk, megabytes)
    try:
        yield disk, _database(server, disk)
    finally:
        server.stop("immediate")
        subprocess.run(["umount", str(disk.directory)], check=True)


def _mount(disk: Disk, megabytes: int) -> None:
    size = f"size={megabytes}m"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk.directory)],
        env=os.environ | {"LC_ALL": "C"},
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0 and _FORBIDDEN.search(done.stderr):
        said, *_ = done.stderr.splitlines()
        pytest.skip(f"a full disk is a small one that is mounted, but {said}")
    assert done.returncode == 0, done.stderr


def _database(server: Server, disk: Disk) -> str:
    place = disk.directory / "tables"
    place.mkdir()
    server.give(place)
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        create = sql.SQL("CREATE TABLESPACE small LOCATION {}")
        conn.execute(create.format(sql.Literal(str(place))))
        conn.execute("CREATE DATABASE small TABLESPACE small")
    return server.dsn("small")
