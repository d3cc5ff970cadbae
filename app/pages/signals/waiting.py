"""Uploads that no import has taken from the disk: how many, and their deletion."""

from collections.abc import Callable, Sequence

import panel as pn
import panel_material_ui as pmui

from app.components.actions import actions
from app.components.safe_text import text
from app.components.words import size
from app.identity import current_actor
from core.queries.uploads import UploadRow, list_idle_uploads
from core.services.uploads import delete_upload
from core.storage.database import read_scope, session_scope

NAMED = 3


class WaitingUploads(pn.viewable.Viewer):
    """One line where uploads wait; deleting them is asked for twice."""

    def __init__(self, on_delete: Callable[[], None]) -> None:
        super().__init__()
        self._on_delete = on_delete
        self.rows: list[UploadRow] = []
        self._line = pn.Column(sizing_mode="stretch_width", margin=0)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._line

    def read(self) -> None:
        """Look again at what waits."""
        with read_scope() as session:
            self.rows = list_idle_uploads(session)
        told = f"{_count(self.rows)} on disk in no data set, {size(sum(r.size_bytes for r in self.rows))}."
        self._line[:] = [actions(text(told, "caption"), _act("Delete", self._ask))] if self.rows else []

    def _ask(self) -> None:
        names = ", ".join(row.name for row in self.rows[:NAMED])
        more = f" and {len(self.rows) - NAMED:,} more" if len(self.rows) > NAMED else ""
        asked = text(f"Delete {names}{more}? The files on the server go; your own stay.", "caption")
        self._line[:] = [
            actions(asked, _act(f"Delete {_count(self.rows)}", self._delete), _act("Keep", self.read))
        ]

    def _delete(self) -> None:
        actor = current_actor()
        with session_scope() as session:
            for row in self.rows:
                delete_upload(session, actor, row.id)
        self._on_delete()


def _count(rows: Sequence[UploadRow]) -> str:
    return "1 upload" if len(rows) == 1 else f"{len(rows):,} uploads"


def _act(label: str, act: Callable[[], None]) -> pmui.Button:
    button = pmui.Button(label=label, variant="text", size="small", margin=0)
    button.on_click(lambda _: act())
    return button
