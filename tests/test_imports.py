"""Importing a generated package costs little: nothing comes along that a producer
does not need. Each import happens in an interpreter of its own."""

import subprocess
import sys

import pytest

import jobgen.runtime

OF_THE_WORKER = {
    f"jobgen.runtime.{name}"
    for name in (
        *("acknowledge", "attempts", "decide", "execute", "fetching", "heartbeat"),
        *("link", "listener", "log", "preflight", "signals", "stats"),
        *("times", "triggers", "worker"),
    )
}


def _modules(statement: str) -> set[str]:
    """What an interpreter has imported after the statement."""
    script = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def beyond() -> set[str]:
    """What `import generated_example` adds to an `import psycopg`."""
    return _modules("import generated_example") - _modules("import psycopg")


def test_a_generated_package_brings_itself_the_runtime_and_uuid(
    beyond: set[str],
) -> None:
    """All else that it needs is psycopg's too: asyncio, for instance."""
    roots = {name.partition(".")[0] for name in beyond}
    assert {"generated_example", "jobgen", "uuid"} <= roots
    assert roots <= {"generated_example", "jobgen", "uuid", "_uuid", "platform"}


def _of_the_package(statement: str) -> set[str]:
    """What of the package an interpreter has imported after the statement."""
    names = _modules(statement)
    return {name for name in names if name.startswith("generated_example")}


def test_a_generated_package_brings_none_of_its_jobs(beyond: set[str]) -> None:
    """However many there are, importing it costs the same."""
    own = {name for name in beyond if name.startswith("generated_example")}
    assert own == {"generated_example"}
    assert beyond & {"jobgen.runtime.aio", "jobgen.runtime.handlers"} == set()


def test_one_job_brings_no_other() -> None:
    """Neither its module nor its class, nor does the asynchronous twin."""
    one = {"generated_example", "generated_example.prune_charts"}
    twins = {"generated_example.aio", "generated_example.aio.prune_charts"}
    for statement in (
        "import generated_example.prune_charts",
        "from generated_example import prune_charts",
        "from generated_example import PruneCharts",
        "import generated_example as jobs; jobs.PruneChartsJob",
    ):
        assert _of_the_package(statement) == one
    for statement in (
        "import generated_example.aio.prune_charts",
        "from generated_example.aio import prune_charts",
        "import generated_example as jobs; jobs.aio.prune_charts.enqueue",
    ):
        assert _of_the_package(statement) == one | twins


def test_a_generated_package_brings_nothing_of_the_generator(beyond: set[str]) -> None:
    """Neither what reads YAML nor what writes files."""
    ours = {name for name in beyond if name.startswith("jobgen.")}
    assert all(f"{name}.".startswith("jobgen.runtime.") for name in ours)


def test_a_generated_package_brings_nothing_of_the_worker(beyond: set[str]) -> None:
    """Its loops are for the process that runs it; there, all of them are needed."""
    assert beyond & OF_THE_WORKER == set()
    assert _modules("from jobgen.runtime import Worker") >= OF_THE_WORKER


@pytest.mark.parametrize("name", jobgen.runtime.__all__)
def test_the_runtime_has_every_name_that_it_exports(name: str) -> None:
    """Those that are imported late too, and each is always the same."""
    first = getattr(jobgen.runtime, name)
    assert first is getattr(jobgen.runtime, name)


def test_the_runtime_has_no_other_name() -> None:
    """A misspelt one is refused as it is by any module."""
    misspelt = "Wroker"
    with pytest.raises(AttributeError, match="has no attribute 'Wroker'"):
        getattr(jobgen.runtime, misspelt)
