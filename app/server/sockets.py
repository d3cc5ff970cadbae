"""Adjustments to bokeh-fastapi 0.1.8: sessions end with their socket, and refusals are no tracebacks."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from bokeh.protocol.exceptions import ProtocolError
from bokeh.protocol.message import Message
from bokeh_fastapi.handler import WSHandler
from fastapi import WebSocket

logger = structlog.get_logger(__name__)

Connect = Callable[[WSHandler, WebSocket], Awaitable[None]]
Handle = Callable[[WSHandler, Message[Any]], Awaitable[Any]]


def releasing_connect(connect: Connect) -> Connect:
    """Return `connect` so that it frees the session however the socket ends.

    bokeh-fastapi waits for a WebSocketDisconnect that Starlette's plain `receive` never raises: the session
    of a closed tab would keep its connection, and with it its document, for the life of the process.
    """

    async def ws_connect(self: WSHandler, websocket: WebSocket) -> None:
        try:
            await connect(self, websocket)
        except (ProtocolError, RuntimeError, ValueError) as error:
            # A forged or expired token, or a client that is no Bokeh: refused before the session is touched.
            logger.warning("websocket_refused", path=websocket.url.path, reason=str(error))
            if websocket.client_state.name == "CONNECTING":
                await websocket.close(code=1008)
        finally:
            if self.connection is not None:
                self.application.client_lost(self.connection)

    ws_connect.__wrapped__ = connect
    return ws_connect


def deaf_after_close(handle: Handle) -> Handle:
    """Return `handle` so that it drops the message of a tab that has closed: nobody waits for its answer.

    The session has left the connection by then, which Bokeh asserts and logs as an error of the server.
    """

    async def _handle(self: WSHandler, message: Message[Any]) -> Any:
        if self.connection is None or self.connection._session is None:
            return None
        return await handle(self, message)

    return _handle


def adjust_bokeh_fastapi() -> None:
    """Let every Bokeh websocket of this process release its session; a second call changes nothing."""
    if not hasattr(WSHandler.ws_connect, "__wrapped__"):
        WSHandler.ws_connect = releasing_connect(WSHandler.ws_connect)
        WSHandler._handle = deaf_after_close(WSHandler._handle)
