"""Adjustments to bokeh-fastapi 0.1.8: sessions end with their socket, and refusals are no tracebacks."""

from collections.abc import Awaitable, Callable

import structlog
from bokeh.protocol.exceptions import ProtocolError
from bokeh_fastapi.handler import WSHandler
from fastapi import WebSocket

logger = structlog.get_logger(__name__)

Connect = Callable[[WSHandler, WebSocket], Awaitable[None]]


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


def adjust_bokeh_fastapi() -> None:
    """Let every Bokeh websocket of this process release its session; a second call changes nothing."""
    if not hasattr(WSHandler.ws_connect, "__wrapped__"):
        WSHandler.ws_connect = releasing_connect(WSHandler.ws_connect)
