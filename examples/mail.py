"""Sends e-mail: composes a message and delivers it to a Maildir.

A plain handler, because files block: the worker runs it in a thread. A rescued
job may run twice, so everything about its message follows from the row: the
second delivery finds the first one's file and leaves it alone.
"""

import os
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from generated_example import MailKind, SendMailJob
from jobgen.runtime import Cancel

_SUBJECTS = {
    MailKind.WELCOME: "Welcome to the shop",
    MailKind.RECEIPT: "Your receipt",
    MailKind.NEWSLETTER: "What is new this month",
}

_TEXTS = {
    MailKind.WELCOME: "It is good to have you. Your customer number is {user_id}.",
    MailKind.RECEIPT: "Thank you for your order, customer {user_id}. It is on its way.",
    MailKind.NEWSLETTER: "Fresh things have arrived, customer {user_id}. Have a look.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailer:
    """Delivers to `maildir`, which is made when the first message arrives."""

    maildir: Path
    sender: str

    def send(self, job: SendMailJob) -> Cancel | None:
        """Handle one `send_mail` job."""
        try:
            message = compose(job, self.sender)
        except ValueError as error:
            # No later attempt would find a better address in the same row.
            return Cancel(str(error))
        deliver(self.maildir, file_name(job), message)
        return None


def compose(job: SendMailJob, sender: str) -> EmailMessage:
    """The message of a job, the same at every attempt.

    Raises `ValueError` for an address or a subject that no message can have.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = _address(job.email)
    message["Subject"] = job.subject or _SUBJECTS[job.kind]
    message["Date"] = format_datetime(job.created_at)
    message["Message-ID"] = f"<send_mail.{job.id}@shop.example>"
    message.set_content(_TEXTS[job.kind].format(user_id=job.user_id) + "\n")
    return message


def file_name(job: SendMailJob) -> str:
    """The unique name of the job's message in a Maildir."""
    return f"{int(job.created_at.timestamp())}.send_mail-{job.id}.shop"


def deliver(maildir: Path, name: str, message: EmailMessage) -> bool:
    """Put a message into a Maildir under `name`; False: it is there already.

    `mailbox.Maildir.add` would give a repeated delivery a name of its own.
    """
    for directory in ("tmp", "new", "cur"):
        (maildir / directory).mkdir(parents=True, exist_ok=True)
    if _has_been_read(maildir, name):
        return False
    # Attempts that overlap must not write into each other's draft.
    draft = maildir / "tmp" / f"{name}.{os.urandom(8).hex()}"
    try:
        _write_durably(draft, bytes(message))
        # Unlike a rename, a link never replaces what is there.
        os.link(draft, maildir / "new" / name)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _address(text: str) -> Address:
    user, at, domain = text.strip().rpartition("@")
    if not (user and at and domain) or any(map(str.isspace, user + domain)):
        raise ValueError(f"{text!r} is not an e-mail address")
    return Address(username=user, domain=domain)


def _has_been_read(maildir: Path, name: str) -> bool:
    """Whether a reader has moved the message on, and added its flags to the name."""
    return any(
        entry.name.partition(":")[0] == name for entry in (maildir / "cur").iterdir()
    )


def _write_durably(path: Path, data: bytes) -> None:
    """Write a file that is still there after a power failure, as a success says."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
