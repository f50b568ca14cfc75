"""What a process loads that only enqueues jobs."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import jobgen.runtime

_ROOT: Final = Path(__file__).parents[2]
_WORKERS_OWN: Final = (
    *("attempt", "fetching", "handlers", "heartbeat", "listener", "outcome"),
    *("package", "triggers", "worker"),
)


def test_a_generated_package_does_not_load_the_worker() -> None:
    """Enqueueing with one is to cost little beside psycopg."""
    code = "import sys; from generated_example import send_mail; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "jobgen.runtime.plans" in loaded
    assert loaded & {f"jobgen.runtime.{name}" for name in _WORKERS_OWN} == set()


def test_the_runtime_has_every_name_that_it_offers() -> None:
    """Those too that are loaded only when somebody asks."""
    names = jobgen.runtime.__all__
    assert [name for name in names if not hasattr(jobgen.runtime, name)] == []
    assert not hasattr(jobgen.runtime, "wroker")
