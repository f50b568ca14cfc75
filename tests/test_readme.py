"""What README shows is what happens."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.worker.support import PATIENCE, wait_until

_ROOT: Final = Path(__file__).parents[1]
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(language: str) -> list[str]:
    """What README shows in this language, in its order."""
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    return [block for found, block in _BLOCK.findall(text) if found == language]


def _environment(dsn: str = "") -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": dsn,
        "PYTHONPATH": str(_ROOT),
        "PYTHONUNBUFFERED": "1",
    }


def _build(here: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jobgen", "build", "schemas/jobs.yaml"],
        cwd=here,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A project with README's schema."""
    schema = _blocks("yaml")[0]
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "jobs.yaml").write_text(schema, encoding="utf-8")
    return tmp_path


def test_the_diagnostic_is_what_a_misspelt_type_prints(here: Path) -> None:
    (shown,) = (block for block in _blocks("console") if "error[" in block)
    command, _, expected = shown.partition("\n")
    assert command == "$ jobgen build schemas/jobs.yaml"
    file = here / "schemas" / "jobs.yaml"
    file.write_text(file.read_text().replace("user_id: bigint\n", "user_id: bigin\n"))
    done = _build(here)
    assert (done.returncode, done.stderr) == (2, expected)


def test_the_job_is_enqueued_and_handled(here: Path, database: str) -> None:
    producer, worker, *_ = _blocks("python")
    done = _build(here)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(database) as conn:
        conn.execute((here / "shop_jobs" / "schema.sql").read_bytes())
    (here / "producer.py").write_text(producer, encoding="utf-8")
    (here / "worker.py").write_text(worker, encoding="utf-8")
    environment = _environment(database)
    subprocess.run(
        [sys.executable, "producer.py"], cwd=here, env=environment, check=True
    )
    with subprocess.Popen(
        [sys.executable, "-m", "jobgen", "worker", "worker:handlers"],
        cwd=here,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_until(lambda: _statuses(database) == ["job_status_succeeded"])
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert out == "to ada@example.org: welcome\n"


def _statuses(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT status::text FROM send_mail_jobs").fetchall()
    return [status for (status,) in rows]
