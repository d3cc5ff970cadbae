"""Components of the explorer, drawn in the browser: each message of theirs is taken in its turn."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any

from bokeh.document import Document
from bokeh.events import Event

from app.components.scripted import Scripted


class BrowserPart(Scripted):
    """A component of which this process holds the values alone; each message goes to `on_message`.

    Its script sets every value as text, never as markup, so that what people wrote stays text.
    """

    __abstract = True

    def __init__(self, on_message: Callable[[dict[str, Any]], None], **params: Any) -> None:
        self._on_message = on_message
        self._waiting: deque[Event] = deque()
        self._turn = Lock()
        super().__init__(**{"margin": 0} | params)

    def _server_event(self, doc: Document, event: Event) -> None:
        self._waiting.append(event)
        super()._server_event(doc, event)

    def _process_event(self, event: Event) -> None:
        """Take messages in their order, one at a time.

        Panel hands each to whichever thread is free: of two quick marks each would read the state before the
        other has changed it, and one of them be lost.
        """
        with self._turn:
            super()._process_event(self._waiting.popleft() if self._waiting else event)

    def _handle_msg(self, data: dict[str, Any]) -> None:
        self._on_message(data)
