"""A network between worker and server that loses or delays what a test wants it to."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CHUNK: Final = 1 << 16


class _Relay(ABC):
    """Something between a client and the server."""

    def __init__(self, server_dsn: str) -> None:
        server = conninfo_to_dict(server_dsn)
        self._socket = f"{server['host']}/.s.PGSQL.{server['port']}"
        self._server_dsn = server_dsn
        self.dsn = ""
        """How to connect through it."""

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        listening = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        _, port = listening.sockets[0].getsockname()
        self.dsn = make_conninfo(
            self._server_dsn,
            host="127.0.0.1",
            port=port,
            sslmode="disable",
            gssencmode="disable",
        )
        try:
            yield
        finally:
            listening.close()

    @abstractmethod
    async def _connected(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None: ...


class Proxy(_Relay):
    """Forwards bytes both ways, until a statement that holds `marked` is executed.

    That is what follows its preparation. It still reaches the server; nothing that
    it answers reaches the client. `answered`: the client loses the connection after
    the answer has come; otherwise at once. It happens once.
    """

    def __init__(self, server_dsn: str, marked: bytes, *, answered: bool) -> None:
        super().__init__(server_dsn)
        self._marked = marked
        self._answered = answered
        self.cut = asyncio.Event()
        """Set once the connection has been lost."""

    async def _connected(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        server, to_server = await asyncio.open_unix_connection(self._socket)
        back = asyncio.create_task(_forward(server, to_client))
        is_prepared = False
        try:
            while data := await client.read(_CHUNK):
                lost = is_prepared and not self.cut.is_set()
                is_prepared = self._marked in data
                if lost:
                    back.cancel()
                    await asyncio.wait({back})
                to_server.write(data)
                await to_server.drain()
                if lost:
                    if self._answered:
                        await server.read(_CHUNK)
                    to_client.transport.abort()
                    self.cut.set()
                    if not self._answered:
                        await server.read(_CHUNK)  # the server goes on meanwhile
                    return
        except ConnectionError:
            pass
        finally:
            back.cancel()
            to_server.close()
            to_client.close()


class SlowProxy(_Relay):
    """Forwards bytes both ways, and once keeps what is answered to `marked`.

    That is what follows its preparation.
    """

    def __init__(self, server_dsn: str, marked: bytes) -> None:
        super().__init__(server_dsn)
        self._marked = marked
        self.kept = asyncio.Event()
        """Set once the server has answered."""
        self.delivered = asyncio.Event()
        """To be set when the client may have it."""

    async def _connected(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        server, to_server = await asyncio.open_unix_connection(self._socket)
        is_prepared = asked = False

        async def answers() -> None:
            while data := await server.read(_CHUNK):
                if asked and not self.kept.is_set():
                    self.kept.set()
                    await self.delivered.wait()
                to_client.write(data)
                await to_client.drain()

        back = asyncio.create_task(answers())
        try:
            while data := await client.read(_CHUNK):
                asked = is_prepared
                is_prepared = self._marked in data
                to_server.write(data)
                await to_server.drain()
        except ConnectionError:
            pass
        finally:
            back.cancel()
            to_server.close()
            to_client.close()


class NarrowProxy(_Relay):
    """Forwards bytes both ways, and waits for `pause` seconds before each 64 KB at most
    that the server sends.

    stall_after: once, what has carried so many bytes to the client is dead, and neither
    end is told. Nothing is read there any more, so that whoever sends has to wait.
    """

    def __init__(
        self, server_dsn: str, *, pause: float = 0.0, stall_after: int | None = None
    ) -> None:
        super().__init__(server_dsn)
        self._pause = pause
        self._stall_after = stall_after
        self.stalled = asyncio.Event()
        """Set once a connection is dead."""

    async def _connected(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        server, to_server = await asyncio.open_unix_connection(self._socket)
        asking = asyncio.create_task(_forward(client, to_server))
        carried = 0
        try:
            while data := await server.read(_CHUNK):
                await asyncio.sleep(self._pause)
                to_client.write(data)
                await to_client.drain()
                carried += len(data)
                if self._stalls(carried):
                    asking.cancel()
                    self.stalled.set()
                    await asyncio.Event().wait()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the latter as the test ends
        finally:
            asking.cancel()
            to_server.close()
            to_client.close()

    def _stalls(self, carried: int) -> bool:
        limit = self._stall_after
        return limit is not None and carried >= limit and not self.stalled.is_set()


async def _forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
    target.close()
