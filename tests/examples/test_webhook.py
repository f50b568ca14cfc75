"""A webhook's outcome is what the receiver makes of it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

import generated_example as jobs
from examples.demo.receiver import STARTING_UP, Receiver, serving
from examples.webhook import NotHeardError, WebhookSender, compose
from jobgen.runtime import Cancel, JsonValue, Outcome, Retry, Snooze
from tests.examples.conftest import Shop


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def sender(receiver: Receiver) -> Iterator[WebhookSender]:
    with serving(receiver) as url:
        yield WebhookSender(base_url=url)


def _fetched(
    shop: Shop, url: str, headers: JsonValue | None = None
) -> jobs.PostWebhookJob:
    new = jobs.PostWebhook(
        event="order.placed", url=url, payload={"order": 1}, signature=b"\x01\xff"
    )
    if headers is not None:
        new = replace(new, headers=headers)
    jobs.post_webhook.enqueue(shop.conn, new)
    job = jobs.post_webhook.fetch(shop.conn, shop.worker)
    assert job is not None
    return job


def _post(sender: WebhookSender, job: jobs.PostWebhookJob) -> Outcome | None:
    return asyncio.run(sender.post(job))


def test_a_webhook_is_heard(
    shop: Shop, sender: WebhookSender, receiver: Receiver
) -> None:
    """The receiver gets the event's id, by which it drops repeats."""
    job = _fetched(shop, "elsewhere")
    assert _post(sender, job) is None
    [request] = receiver.log
    assert (job.event_id, "/elsewhere", 204) == (
        request.event_id,
        request.path,
        request.status,
    )


def test_a_request_says_what_the_row_says(shop: Shop) -> None:
    """Method, target, host, the producer's headers, and the payload as JSON."""
    job = _fetched(shop, "http://example.org:81/hook?a=b", {"X-Shop": "1"})
    head, _, body = compose(job, urlsplit(job.url)).partition(b"\r\n\r\n")
    assert body == b'{"order": 1}'
    assert head.decode().split("\r\n") == [
        "POST /hook?a=b HTTP/1.1",
        "Host: example.org:81",
        "X-Shop: 1",
        f"Idempotency-Key: {job.event_id}",
        "X-Event: order.placed",
        "Content-Length: 12",
        "Connection: close",
        "X-Signature: sha256=01ff",
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("busy", Snooze(timedelta(seconds=1))),
        ("gone", Cancel),
        ("down", NotHeardError),
    ],
)
def test_an_answer_decides(
    shop: Shop, sender: WebhookSender, url: str, expected: object
) -> None:
    """Come back later; never again; or an attempt that failed."""
    job = _fetched(shop, url)
    try:
        outcome: object = _post(sender, job)
    except NotHeardError as error:
        outcome = error
    assert expected == outcome or expected is type(outcome)


def test_a_receiver_that_starts_up_is_asked_again(
    shop: Shop, sender: WebhookSender, receiver: Receiver
) -> None:
    """It says when, or leaves it to the backoff; in the end it hears."""
    job = _fetched(shop, "orders")
    with pytest.raises(NotHeardError, match="503"):
        _post(sender, job)
    assert _post(sender, job) == Retry(timedelta(seconds=1))
    for _ in range(2, STARTING_UP):
        receiver.receive(job.event_id, "/orders")
    assert _post(sender, job) is None


def test_a_receiver_that_hangs_up_has_not_heard(
    shop: Shop, sender: WebhookSender, receiver: Receiver
) -> None:
    """An answer that breaks off is a failed attempt."""
    job = _fetched(shop, "stuck")
    receiver.closing.set()  # It hangs up at once instead of after a while.
    with pytest.raises(NotHeardError, match="hung up"):
        _post(sender, job)


def test_a_receiver_that_is_not_there_is_an_error(shop: Shop) -> None:
    """The backoff gives it time to come back."""
    sender = WebhookSender(base_url="http://127.0.0.1:1/")
    with pytest.raises(OSError, match="Connect call failed"):
        _post(sender, _fetched(shop, "orders"))


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("ftp://example.org/", {}),
        ("https:///nowhere", {}),
        ("http://localhost:99999/", {}),
        ("http://[localhost/", {}),
        ("orders", ["no", "object"]),
        ("orders", {"X-Shop": "1\r\nX-Evil: 2"}),
        ("orders", {"X-Shop": "中"}),
    ],
)
def test_what_cannot_be_asked_is_cancelled(
    shop: Shop, sender: WebhookSender, url: str, headers: JsonValue
) -> None:
    """No request is made of it, now or later."""
    assert isinstance(_post(sender, _fetched(shop, url, headers)), Cancel)
