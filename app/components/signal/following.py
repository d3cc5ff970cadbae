"""Analyses that follow the window in view: computed beside the loop that answers gestures."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import panel as pn
from bokeh.document import Document
from bokeh.plotting import figure

from app.components.signal.served import find_document

# What follows a gesture has threads of its own: nobody's long analysis holds it up.
QUICK = ThreadPoolExecutor(max_workers=2, thread_name_prefix="quick")
SLOW = ThreadPoolExecutor(max_workers=2, thread_name_prefix="slow")

Asked = TypeVar("Asked")


class Follower(Generic[Asked]):
    """Computes what was asked last; what was asked while it was busy and is no longer wanted is left out."""

    def __init__(
        self,
        anchor: figure,
        compute: Callable[[Asked], Any],
        show: Callable[[Asked, Any], None],
        pool: ThreadPoolExecutor = SLOW,
    ) -> None:
        self._anchor, self._compute, self._show, self._pool = anchor, compute, show, pool
        self._wanted: Asked | None = None
        self._is_busy = False

    def ask(self, wanted: Asked) -> None:
        """Compute and show: at once where no session is served, else as soon as a thread is free."""
        document = find_document(self._anchor)
        if document is None:
            self._show(wanted, self._compute(wanted))
            return
        self._wanted = wanted
        if self._is_busy:
            return
        if pn.state.curdoc is document and not pn.state.loaded:
            # A page that is still being made must not be changed by another thread's result.
            self._is_busy = True
            pn.state.onload(lambda: self._begin(document))
        else:
            self._begin(document)

    def _begin(self, document: Document) -> None:
        wanted, self._wanted, self._is_busy = self._wanted, None, True

        def tell(done: Future[Any]) -> None:
            document.add_next_tick_callback(lambda: self._take(document, wanted, done))

        self._pool.submit(self._compute, wanted).add_done_callback(tell)

    def _take(self, document: Document, wanted: Any, done: Future[Any]) -> None:
        self._is_busy = False
        if self._wanted is not None:
            self._begin(document)
        self._show(wanted, done.result())
