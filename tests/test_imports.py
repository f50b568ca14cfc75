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
