"""The network between workers and server, which a scenario may break."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CHUNK: Final = 1 << 16
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER so that closing tells the other side that the connection is lost."""


class Network:
    """Carries bytes both ways between those who connect to `port` and the server."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._lines: list[_Line] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        """From now on nothing arrives on the present connections, and none is closed."""
        for line in self._lines:
            line.swallows.set()

    @property
    def abandoned(self) -> bool:
        """Whether the clients have closed every connection that swallows."""
        return all(line.left for line in self._lines if line.swallows.is_set())

    def cut(self) -> None:
        """Both ends of the present connections learn that they are lost."""
        for line in self._lines:
            line.close()
        self._lines.clear()

    def close(self) -> None:
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self._server)
                except OSError:
                    client.close()
                    server.close()
                else:
                    self._lines.append(_Line(client, server))


class _Line:
    """One connection, carried by two threads."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.swallows = threading.Event()
        self.left = False
        """Whether the client has closed it."""
        self._ends = (client, server)
        for ends in ((client, server), (server, client)):
            threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def close(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                if end.family == socket.AF_INET:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if not self.swallows.is_set():
                    target.sendall(data)
        self.left = self.left or source.family == socket.AF_INET
        if not self.swallows.is_set():
            self.close()


@contextmanager
def network(server_dsn: str) -> Generator[tuple[Network, str]]:
    """The network, and the DSN by which it is used."""
    server = conninfo_to_dict(server_dsn)
    made = Network(f"{server['host']}/.s.PGSQL.{server['port']}")
    plain = make_conninfo(server_dsn, sslmode="disable", gssencmode="disable")
    try:
        yield made, make_conninfo(plain, host="127.0.0.1", port=made.port)
    finally:
        made.close()
