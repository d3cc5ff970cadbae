"""The search of the experiments: what is typed, what completes it, and the searches a person keeps."""

from collections.abc import Callable
from typing import Any

from app.components.search_line import SearchLine
from app.identity import current_actor
from app.pages.experiments.reading import Found
from app.state.experiments import ExperimentsState
from core.errors import InvalidInputError
from core.queries.search import SearchError, find_word_start, suggest_words
from core.services.access import Actor
from core.services.saved_searches import delete_search, pin_search, rename_search, save_search, use_search
from core.storage.database import read_scope, session_scope

EXAMPLE = "model:wdcnn and best.val_accuracy > .95"


class Searching:
    """Takes the line's messages; `on_change` is called when a kept search was changed."""

    def __init__(self, state: ExperimentsState, actor: Actor, on_change: Callable[[], None]) -> None:
        self._state, self._actor, self._on_change = state, actor, on_change
        self.line = SearchLine(self._take, text=state.search, example=EXAMPLE)

    def show(self, found: Found) -> None:
        """Show what was searched for, what is wrong with it, and what is kept."""
        self.line.param.update(
            text=self._state.search,
            trouble=_trouble_words(found.trouble),
            saved=[
                {"id": row.id, "name": row.name, "query": row.query, "pinned": row.is_pinned}
                for row in found.saved
            ],
        )

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "search":
            self._search(message["text"])
        elif kind == "complete":
            self._complete(message["text"], message["position"])
        elif kind == "use":
            self._use(message["id"])
        else:
            self._keep(kind, message)

    def _search(self, words: str) -> None:
        if words != self._state.search:
            self._state.narrow(search=words)
        else:  # asked again: something may have changed meanwhile
            self._on_change()

    def _complete(self, words: str, position: int) -> None:
        with read_scope() as session:
            found = suggest_words(session, words, position)
        start = find_word_start(words, position)
        self.line.completion = {"text": words, "position": position, "start": start, "words": found}

    def _use(self, search_id: int) -> None:
        with session_scope() as session:
            query = use_search(session, current_actor(), search_id)
        self._search(query)

    def _keep(self, kind: str, message: dict[str, Any]) -> None:
        actor = current_actor()
        with session_scope() as session:
            if kind == "save":
                save_search(session, actor, message["name"], self._state.search)
            elif kind == "rename":
                rename_search(session, actor, message["id"], message["name"])
            elif kind == "pin":
                pin_search(session, actor, message["id"], is_pinned=message["pinned"])
            else:
                delete_search(session, actor, message["id"])
        self._on_change()


def _trouble_words(error: InvalidInputError | None) -> dict[str, Any]:
    if error is None:
        return {}
    if not isinstance(error, SearchError):
        return {"message": str(error), "text": "", "position": None, "length": 0, "suggestions": []}
    return {
        "message": error.message,
        "text": error.text,
        "position": error.position,
        "length": error.length,
        "suggestions": list(error.suggestions),
    }
