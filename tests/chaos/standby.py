"""A second server that follows the first one, and may take its place."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
from psycopg.conninfo import make_conninfo

from tests.servers import Server, free_port


@contextmanager
def standby(primary: Server) -> Generator[Server]:
    """It runs, and every commit of `primary` waits until it is safe here too."""
    directory = primary.directory / "standby"
    directory.mkdir()
    second = replace(primary, directory=directory, port=free_port())
    primary.give(directory)
    data = str(directory / "data")
    primary.run("pg_basebackup", "-D", data, "-R", "-d", primary.dsn())
    with (directory / "data" / "postgresql.conf").open("a") as file:
        file.write(f"port = {second.port}\nunix_socket_directories = '{directory}'\n")
    second.start()
    try:
        _be_synchronous(primary)
        yield second
    finally:
        if second.running:
            second.stop("immediate")


def both(first: Server, second: Server) -> str:
    """Whichever of them may be written to."""
    return make_conninfo(
        first.dsn(),
        host=f"{first.directory},{second.directory}",
        port=f"{first.port},{second.port}",
        target_session_attrs="read-write",
    )


def _be_synchronous(primary: Server) -> None:
    """After the copy was made, so that the second server waits for nobody."""
    with psycopg.connect(primary.dsn(), autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        conn.execute("SELECT pg_reload_conf()")
        state = "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'"
        while conn.execute(state).fetchone() is None:
            conn.execute("SELECT pg_sleep(0.05)")
