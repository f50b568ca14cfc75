"""The fixtures do what the tests that use them rely on."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests import reaper, servers
from tests.servers import Installation, Server


def test_the_server_is_of_the_version_that_it_says(server: Server) -> None:
    """`Server.version` is what the server itself reports."""
    with psycopg.connect(server.dsn()) as conn:
        assert conn.info.server_version // 10_000 == server.version


def test_the_server_is_shared(server: Server, installation: Installation) -> None:
    """Whoever asks again in the same run gets the server that is running."""
    assert servers.shared_server(installation) == server


def test_a_server_is_reached_by_tcp_too(server: Server) -> None:
    """`tcp_dsn` names the same server as `dsn`, by another way."""
    with psycopg.connect(server.tcp_dsn()) as conn:
        assert conn.info.host == "127.0.0.1"
        assert conn.info.port == server.port


def test_two_databases_are_isolated(database: str, server: Server) -> None:
    """What one test writes, another one's database does not have."""
    with server.database() as other:
        with psycopg.connect(database) as conn:
            conn.execute("CREATE TABLE mine ()")
        with psycopg.connect(other) as conn:
            found = conn.execute("SELECT to_regclass('mine')").fetchone()
    assert found == (None,)


def test_a_database_is_dropped_under_an_open_connection(server: Server) -> None:
    """A connection that a test forgot keeps no database alive."""
    with server.database() as dsn:
        forgotten = psycopg.connect(dsn)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(dsn)
    forgotten.close()


def test_every_test_has_its_own_job_tables(
    conn: psycopg.Connection, server: Server
) -> None:
    """Two copies of the template have the tables, and share no rows."""
    tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE '%\\_jobs'"
    worker = """
        INSERT INTO jobgen_workers VALUES
            (gen_random_uuid(), 'host', 1, now(), now(), '{}', 1)
    """
    with server.jobs_database() as other_dsn, psycopg.connect(other_dsn) as other:
        conn.execute(worker)
        conn.commit()
        count = "SELECT count(*) FROM jobgen_workers"
        assert conn.execute(count).fetchone() == (1,)
        assert other.execute(count).fetchone() == (0,)
        assert conn.execute(tables).fetchone() == other.execute(tables).fetchone()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_private_server_really_restarts(own_server: Server, mode: str) -> None:
    """Its sessions are lost, its start is a later one, and its data are kept."""
    started = "SELECT pg_postmaster_start_time()"
    before = psycopg.connect(own_server.dsn(), autocommit=True)
    before.execute("CREATE TABLE kept ()")
    first = before.execute(started).fetchone()
    own_server.restart("fast" if mode == "fast" else "immediate")
    with pytest.raises(psycopg.OperationalError):
        before.execute("SELECT")
    before.close()
    with psycopg.connect(own_server.dsn()) as after:
        second = after.execute(started).fetchone()
        after.execute("SELECT FROM kept")
    assert first is not None
    assert second is not None
    assert first < second


def test_a_stopped_server_refuses_connections(own_server: Server) -> None:
    """Until it is started again, nobody gets in."""
    own_server.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_server.dsn())
    own_server.start()
    psycopg.connect(own_server.dsn()).close()


def test_no_server_outlives_a_killed_run(
    installation: Installation, tmp_path: Path
) -> None:
    """The reaper stops the servers of a run whose process got no time to."""
    script = """
import os, signal
from tests import servers
[installation] = [i for i in servers.installations() if str(i) == os.environ["WHICH"]]
with servers.run() as directory:
    servers.shared_server(installation)
    print(directory, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "WHICH": str(installation)}
    del environment[servers.RUN_VARIABLE]
    # The reaper inherits standard error: the end of file means that it is done.
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment,
        cwd=Path(reaper.__file__).parent.parent,
        stdout=subprocess.PIPE,
        text=True,
    ) as killed:
        out, _ = killed.communicate()
    directory = Path(out.strip())
    assert directory.name.startswith("jobgen-")
    assert not directory.exists()
