"""The demo, with fewer jobs: it tells the truth, and leaves nothing running."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import examples
import generated_example as jobs
from examples.contacts import parse
from examples.demo import producers, tables
from tests.examples.conftest import Shop

CHECKOUT = Path(examples.__file__).parents[1]
SHARE = producers.Share(mails=100, webhooks=50, files=40, reports=12, orders=0)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A directory for the demo's files; pytest's own are too long for a socket."""
    directory = Path(tempfile.mkdtemp(prefix="demo-"))
    directory.chmod(0o711)  # The server may run as another user.
    yield directory
    shutil.rmtree(directory)


def _start(temporary: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "examples.demo", "--jobs", "200"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )


def test_the_demo_agrees_with_itself(temporary: Path) -> None:
    """Only the mail and the charts are left, and where they are is said."""
    with _start(temporary) as demo:
        told, _ = demo.communicate()
    assert demo.returncode == 0, told
    assert "agrees with the tables" in told
    [traces] = temporary.iterdir()
    assert {path.name for path in traces.iterdir()} == {"Maildir", "charts"}
    assert str(traces / "charts") in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing(
    temporary: Path, number: signal.Signals
) -> None:
    """Neither a process nor a file, whenever Ctrl-C comes."""
    with _start(temporary) as demo:
        assert demo.stdout is not None
        line = next(line for line in demo.stdout if "worker 1 runs" in line)
        demo.send_signal(number)
        told, _ = demo.communicate()
    assert demo.returncode == 130, told
    assert list(temporary.iterdir()) == []
    worker = int(line.rpartition(" ")[2].rstrip(")\n"))
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_what_is_enqueued_is_what_is_in_the_tables(shop: Shop) -> None:
    """The producers count right, by COPY, in bulk and one by one."""
    enqueued = producers.enqueue_backlog(shop.conn, SHARE)
    enqueued += producers.enqueue_last_attempts(shop.conn)
    enqueued += producers.place_order(shop.conn, 1)
    found = {job: state.left for job, state in tables.states(shop.conn).items()}
    assert found == enqueued.counts
    assert enqueued.total == sum(found.values())


def test_an_order_that_fails_enqueues_nothing(shop: Shop) -> None:
    """The jobs are in the transaction of the order that made them necessary."""
    shop.conn.execute("DROP TABLE post_webhook_jobs CASCADE")
    with pytest.raises(Exception, match="post_webhook_jobs"):
        producers.place_order(shop.conn, 1)
    assert shop.conn.execute("SELECT FROM orders").rowcount == 0
    assert jobs.send_mail.pending(shop.conn) == 0


def test_the_files_bring_what_the_demo_expects(shop: Shop) -> None:
    """The number that `verify` holds against the address book is the file's own."""
    enqueued = producers.enqueue_backlog(shop.conn, SHARE)
    expected = {file.name: file.contacts for file in enqueued.files}
    fetched = jobs.import_contacts.fetch_many(shop.conn, shop.worker, SHARE.files)
    assert expected == {job.file_name: _contacts(job) for job in fetched}
    assert len(set(expected.values())) > 2


def _contacts(job: jobs.ImportContactsJob) -> int:
    try:
        contacts = parse(job)
    except ValueError:
        return 0
    return 0 if job.dry_run else len(contacts)
