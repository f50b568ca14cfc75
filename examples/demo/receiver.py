"""The customer's web server to which the demo's webhooks go. It has its moods."""

import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from uuid import UUID

STARTING_UP: Final = 120
"""So many requests are refused at first, by a server that is starting up."""
HOLD_SECONDS: Final = 30.0
"""Longer than a webhook may take; whoever waits is not answered at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`status` None: none at all. `retry_after` is in seconds."""

    status: int | None
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line of the server's log."""

    event_id: UUID
    path: str
    status: int | None


def answer(path: str, seen: int, total: int) -> Answer:
    """What a request gets. `seen`: earlier ones of its event; `total`: of its path."""
    match path:
        case "/gone":
            return Answer(status=410)
        case "/down":
            return Answer(status=503)
        case "/busy" if seen < 1:
            return Answer(status=429, retry_after=1)
        case "/slow" if seen < 2:
            return Answer(status=None)
        case "/stuck":
            return Answer(status=None)
        case "/orders" if total < STARTING_UP:
            # Half of the refusals say when to come back, the others leave it to us.
            return Answer(status=503, retry_after=1 if total % 2 else None)
        case _:
            return Answer(status=204)


class Receiver:
    """Answers requests, and remembers them."""

    def __init__(self) -> None:
        self.closing: Final = threading.Event()
        self._lock = threading.Lock()
        self._log: list[Request] = []
        self._events: Counter[UUID] = Counter()
        self._paths: Counter[str] = Counter()

    @property
    def log(self) -> tuple[Request, ...]:
        """What came so far, in order."""
        with self._lock:
            return tuple(self._log)

    def receive(self, event_id: UUID, path: str) -> Answer:
        """Decide about a request; it is in the log before it is answered."""
        with self._lock:
            reply = answer(path, self._events[event_id], self._paths[path])
            self._events[event_id] += 1
            self._paths[path] += 1
            self._log.append(Request(event_id=event_id, path=path, status=reply.status))
            return reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The default of 5 is too few for all the connections that a worker opens.
    request_queue_size = 128

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.receiver = receiver


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        self.rfile.read(int(self.headers["Content-Length"]))
        receiver = self.server.receiver
        event_id = UUID(self.headers["Idempotency-Key"])
        reply = receiver.receive(event_id, self.path)
        if reply.status is None:
            receiver.closing.wait(HOLD_SECONDS)
            return
        self.send_response(reply.status)
        if reply.retry_after is not None:
            self.send_header("Retry-After", str(reply.retry_after))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal: the log is kept by `Receiver`."""


@contextmanager
def serving(receiver: Receiver) -> Generator[str]:
    """The URL at which a receiver answers, until the block is left."""
    with _Server(receiver) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            receiver.closing.set()
            server.shutdown()
            thread.join()
