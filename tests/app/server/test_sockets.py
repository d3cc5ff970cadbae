"""The session of a closed tab is released."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bokeh.protocol.exceptions import ProtocolError

from app.server.sockets import deaf_after_close, releasing_connect


class ClosedTab:
    """A handler whose socket has ended, with the application that counts its clients."""

    def __init__(self) -> None:
        self.connection = object()
        self.application = self
        self.lost: list[object] = []

    def client_lost(self, connection: object) -> None:
        self.lost.append(connection)


class Socket:
    class client_state:  # noqa: N801 - Starlette's attribute
        name = "CONNECTED"

    class url:  # noqa: N801 - Starlette's attribute
        path = "/ws"


@pytest.mark.parametrize("ending", [None, RuntimeError("Token is expired."), ProtocolError("forged")])
def test_session_is_released_however_its_socket_ends(ending: Exception | None) -> None:
    async def connect(_handler: Any, _socket: Any) -> None:
        if ending is not None:
            raise ending

    tab = ClosedTab()
    # In a thread of its own: Playwright keeps an event loop running in the tests' thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, releasing_connect(connect)(tab, Socket())).result()
    assert tab.lost == [tab.connection]


class Connection:
    def __init__(self, session: object | None) -> None:
        self._session = session


@pytest.mark.parametrize(
    ("connection", "heard"), [(Connection(object()), 1), (Connection(None), 0), (None, 0)]
)
def test_message_of_a_closed_tab_is_dropped(connection: Connection | None, heard: int) -> None:
    messages: list[object] = []

    async def handle(_handler: Any, message: object) -> None:
        messages.append(message)

    tab = ClosedTab()
    tab.connection = connection
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, deaf_after_close(handle)(tab, "patch")).result()
    assert len(messages) == heard
