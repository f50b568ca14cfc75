"""Posts webhooks, and turns what the receiver answers into an outcome.

An async handler: waiting for other people's servers costs a task, not a thread.
The receiver drops repeats by `Idempotency-Key`, since a job may run twice.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from email.parser import BytesHeaderParser
from urllib.parse import SplitResult, urljoin, urlsplit

from generated_example import PostWebhookJob
from jobgen.runtime import Cancel, JsonValue, Outcome, Retry, Snooze


class NotHeardError(Exception):
    """The receiver answered, but not that it has heard. The backoff decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The head of an answer; nobody reads the body of a webhook's."""

    status: int
    headers: Message

    @property
    def retry_after(self) -> timedelta | None:
        """How long the receiver asks us to wait, where it says so in seconds."""
        seconds = self.headers.get("Retry-After", "")
        return timedelta(seconds=int(seconds)) if seconds.isdecimal() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSender:
    """Posts to the URL of each job; a relative one is below `base_url`."""

    base_url: str
    patience: timedelta = timedelta(seconds=5)
    """The wait after `429 Too Many Requests` without a `Retry-After`."""

    async def post(self, job: PostWebhookJob) -> Outcome | None:
        """Handle one `post_webhook` job.

        Raises `NotHeardError` for an answer that promises nothing, and `OSError`
        where there is none.
        """
        try:
            url = urlsplit(urljoin(self.base_url, job.url))
            request = compose(job, url)
        except ValueError as error:
            return Cancel(str(error))
        return self._outcome(url.geturl(), await exchange(url, request))

    def _outcome(self, url: str, response: Response) -> Outcome | None:
        wait = response.retry_after
        match response.status:
            case status if 200 <= status < 300:
                return None
            case 410:
                return Cancel(f"{url} is gone for good")
            case 429:
                return Snooze(wait or self.patience)
            case 503 if wait is not None:
                return Retry(wait)
            case status:
                raise NotHeardError(f"{url} answered {status}")


def compose(job: PostWebhookJob, url: SplitResult) -> bytes:
    """The request of a job. Raises `ValueError` for what cannot be one."""
    if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:
        raise ValueError(f"{url.geturl()!r} is not the address of a web server")
    body = json.dumps(job.payload).encode()
    headers = {
        "Host": url.netloc.rpartition("@")[2],
        **_headers(job.headers),
        "Idempotency-Key": str(job.event_id),
        "X-Event": job.event,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    if job.signature is not None:
        headers["X-Signature"] = f"sha256={job.signature.hex()}"
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [f"POST {target} HTTP/1.1", *map(": ".join, headers.items())]
    if any(not line.isprintable() for line in lines):
        raise ValueError("a header or the URL has a line break in it")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def exchange(url: SplitResult, request: bytes) -> Response:
    """Send a request and read the head of the answer.

    Waits as long as it takes: the job's `timeout` cancels us.
    """
    secure = url.scheme == "https"
    reader, writer = await asyncio.open_connection(
        url.hostname, url.port or (443 if secure else 80), ssl=secure or None
    )
    try:
        writer.write(request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise NotHeardError(f"{url.netloc} hung up") from error
    finally:
        writer.close()
    status_line, _, fields = head.partition(b"\r\n")
    return Response(
        status=int(status_line.split()[1]),
        headers=BytesHeaderParser().parsebytes(fields),
    )


def _headers(value: JsonValue) -> dict[str, str]:
    """The headers that the producer asked for."""
    if not isinstance(value, Mapping):
        raise ValueError("the headers are not a JSON object")
    return {name: str(text) for name, text in value.items()}
