"""Messages from the browser come in the order in which they were sent, whatever thread takes them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bokeh.document import Document
from panel.io.state import state
from panel.models.esm import DataEvent

from app.components.row_table import RowTable
from app.state.experiments import ExperimentsState


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    """Threads that take messages, as in the served application."""
    with ThreadPoolExecutor(4) as threads:
        monkeypatch.setattr(state, "_thread_pool", threads)
        yield threads


def test_marks_made_in_quick_succession_all_count_and_in_their_order(pool: ThreadPoolExecutor) -> None:
    selection = ExperimentsState()
    taken: list[int] = []

    def take(message: dict[str, Any]) -> None:
        kept = list(selection.selected)
        time.sleep(0.002 if message["ids"][0] % 2 else 0)  # as a slow look at the state
        selection.selected = [*kept, *message["ids"]]
        taken.extend(message["ids"])

    table, page = RowTable(take), Document()
    for number in range(20):
        table._server_event(page, DataEvent(None, {"type": "select", "ids": [number], "on": True}))
    pool.shutdown()
    assert taken == list(range(20))
    assert selection.selected == taken
