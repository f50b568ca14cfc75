"""The handlers that the worker runs are set up by the environment."""

import subprocess
import sys
from pathlib import Path

import examples.worker
import generated_example as jobs
from jobgen.runtime import Handlers


def test_every_job_has_a_handler() -> None:
    """All that the package declares to run here, and what is async is known."""
    assert isinstance(examples.worker.handlers, Handlers)
    assert examples.worker.handlers.package == jobs.PACKAGE
    found = {each.job.name: each.is_async for each in examples.worker.handlers.bound}
    assert found == {
        "send_mail": False,
        "render_report": True,
        "post_webhook": True,
        "import_contacts": False,
        "prune_charts": False,
    }


def test_an_import_of_the_module_makes_nothing(tmp_path: Path) -> None:
    """Directories are made when there is something to put into them."""
    checkout = Path(examples.worker.__file__).parents[1]
    subprocess.run(
        [sys.executable, "-c", "import examples.worker"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(checkout)},
        check=True,
    )
    assert list(tmp_path.iterdir()) == []
