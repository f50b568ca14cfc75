"""What every test may ask for: a server, a database of its own, a connection.

`server`, `database`, `jobs_dsn`, `conn` and `own_server` each run a test once
for every PostgreSQL version found, or for those that `--postgres` names.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests import memory, servers
from tests.properties import profiles
from tests.servers import Installation, Server
from tests.stalls import Stalls


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        metavar="VERSIONS",
        help="test on these PostgreSQL versions only, such as 15,18",
    )
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write what the golden tests get to where they expect it",
    )
    parser.addoption(
        "--chaos-scale",
        metavar="FACTOR",
        type=float,
        default=0.1,
        help="durations of tests/chaos as parts of those in production (0.1)",
    )
    parser.addoption(
        "--live-rows",
        metavar="ROWS",
        type=int,
        default=50_000,
        help="rows of a table that is migrated while it is used (50000)",
    )
    parser.addoption(
        "--wakeups-seconds",
        metavar="SECONDS",
        type=float,
        default=60.0,
        help="how long tests/wakeups looks for a job that is overlooked (60)",
    )
    parser.addoption(
        "--hold-seconds",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="hold locks, slots and event loops for at least so long (a few seconds)",
    )
    parser.addoption(
        "--other-tools",
        action="store_true",
        help="carry out migrations with Alembic and Django too, which come from PyPI",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    profiles.choose(config)
    _chosen_installations(config)  # A wrong --postgres ends the run here.
    # Here, before pytest-xdist starts its workers: they inherit the run.
    memory.prefer()
    stack = ExitStack()
    stack.enter_context(servers.run())
    config.add_cleanup(stack.close)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "installation" in metafunc.fixturenames:
        chosen = _chosen_installations(metafunc.config)
        ids = [str(installation) for installation in chosen]
        metafunc.parametrize(
            "installation", chosen, indirect=True, scope="session", ids=ids
        )


def _chosen_installations(config: pytest.Config) -> list[Installation]:
    found = {each.version: each for each in servers.installations()}
    option: str | None = config.getoption("--postgres")
    if option is None:
        return list(found.values())
    try:
        return [found[int(version)] for version in option.split(",")]
    except (KeyError, ValueError):
        versions = ", ".join(map(str, found)) or "none"
        raise pytest.UsageError(
            f"--postgres {option}: the versions found here are: {versions}"
        ) from None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    terminalreporter.write_line(profiles.seed_line(config))
    if versions := servers.full_versions():
        terminalreporter.write_line(f"tested on PostgreSQL {', '.join(versions)}")


@pytest.fixture(scope="session")
def installation(request: pytest.FixtureRequest) -> Installation:
    """One of the PostgreSQL versions under test; not started."""
    chosen: Installation = request.param
    return chosen


@pytest.fixture(scope="session")
def server(installation: Installation) -> Server:
    """The server that all tests of the run share: leave it running."""
    return servers.shared_server(installation)


@pytest.fixture
def own_server(installation: Installation) -> Iterator[Server]:
    """A server that this test may stop, crash and restart."""
    with servers.private_server(installation) as own:
        yield own


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The DSN of an empty database of this test's own."""
    with server.database() as dsn:
        yield dsn


@pytest.fixture
def jobs_dsn(server: Server) -> Iterator[str]:
    """The DSN of a database of this test's own with generated_example's tables."""
    with server.jobs_database() as dsn:
        yield dsn


@pytest.fixture
def conn(jobs_dsn: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A connection to `jobs_dsn`, not in autocommit mode; what is open is lost."""
    conn = psycopg.connect(jobs_dsn)
    yield conn
    conn.close()


@pytest.fixture
def stalls() -> Iterator[Stalls]:
    """When the machine stood still during the test, for those that look at the clock."""
    with Stalls() as found:
        yield found


@pytest.fixture
def hold_seconds(request: pytest.FixtureRequest) -> float:
    """For how long, at least, a test that holds something up does so."""
    return float(str(request.config.getoption("--hold-seconds")))


@pytest.fixture(scope="session")
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden tests write what they expect instead of comparing."""
    return bool(request.config.getoption("--rewrite-golden"))
