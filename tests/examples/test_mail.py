"""Mail reaches the Maildir once, however often its job runs."""

import mailbox
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import generated_example as jobs
from examples.mail import Mailer, file_name
from jobgen.runtime import Cancel
from tests.examples.conftest import Shop


@pytest.fixture
def mailer(tmp_path: Path) -> Mailer:
    return Mailer(maildir=tmp_path / "Maildir", sender="shop@shop.example")


def _fetched(shop: Shop, new: jobs.SendMail) -> jobs.SendMailJob:
    jobs.send_mail.enqueue(shop.conn, new)
    job = jobs.send_mail.fetch(shop.conn, shop.worker)
    assert job is not None
    return job


def _job(shop: Shop) -> jobs.SendMailJob:
    return _fetched(
        shop,
        jobs.SendMail(user_id=7, email="ann@example.org", kind=jobs.MailKind.RECEIPT),
    )


def test_a_message_is_delivered(shop: Shop, mailer: Mailer) -> None:
    """What a mail reader finds is the message that the row describes."""
    job = _job(shop)
    assert mailer.send(job) is None
    [message] = mailbox.Maildir(mailer.maildir, create=False)
    assert message["To"] == "ann@example.org"
    assert message["Subject"] == "Your receipt"
    assert message["Message-ID"] == f"<send_mail.{job.id}@shop.example>"
    assert "customer 7" in str(message.get_payload())


def test_a_second_run_delivers_nothing(shop: Shop, mailer: Mailer) -> None:
    """A rescued job finds its message delivered."""
    job = _job(shop)
    mailer.send(job)
    mailer.send(replace(job, attempts_count=2))
    assert len(mailbox.Maildir(mailer.maildir, create=False)) == 1


def test_a_message_that_was_read_is_not_delivered_again(
    shop: Shop, mailer: Mailer
) -> None:
    """The reader moved it to cur and flagged it, and it still counts."""
    job = _job(shop)
    mailer.send(job)
    name = file_name(job)
    (mailer.maildir / "new" / name).rename(mailer.maildir / "cur" / f"{name}:2,S")
    mailer.send(job)
    assert list((mailer.maildir / "new").iterdir()) == []


def test_overlapping_runs_deliver_once(shop: Shop, mailer: Mailer) -> None:
    """An old attempt and its successor may meet; no draft stays behind either."""
    job = _job(shop)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(mailer.send, [job] * 32))
    assert outcomes == [None] * 32
    assert len(list((mailer.maildir / "new").iterdir())) == 1
    assert list((mailer.maildir / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("email", "subject"),
    [
        ("nobody", None),
        ("@example.org", None),
        ("ann@", None),
        ("an n@example.org", None),
        ("ann@example.org\nBcc: eve@example.org", None),
        ("ann@example.org", "two\nlines"),
    ],
)
def test_what_no_message_can_have_is_cancelled(
    shop: Shop, mailer: Mailer, email: str, subject: str | None
) -> None:
    """Another attempt would fail in the same way, so there is none."""
    job = _fetched(shop, jobs.SendMail(user_id=7, email=email, subject=subject))
    assert isinstance(mailer.send(job), Cancel)
    assert not mailer.maildir.exists()
