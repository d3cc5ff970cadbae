"""What people said of one experiment: its tags, and its notes in Markdown."""

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.components.card import card
from app.components.safe_text import markdown
from app.components.small_form import SmallForm
from app.components.tag_editor import TagEditor
from app.identity import current_actor
from app.pages.experiments.cells import tag_chips
from core.queries.tags import TagRow, list_tags, tags_of
from core.services.experiment_notes import write_notes
from core.services.tags import add_tags, remove_tags
from core.storage.database import read_scope, session_scope

_ONE_LINE = {"whiteSpace": "nowrap"}
_STYLE = """
.markdown { max-width: 760px; overflow-wrap: anywhere; }
.markdown > * { margin: 0; }
.markdown > * + * { margin-top: 8px; }
.markdown :is(h1, h2, h3, h4, h5, h6) { font-size: 14px; font-weight: 600; }
.markdown :is(h1, h2) { font-size: 16px; }
.markdown :is(ul, ol) { padding-left: 20px; }
.markdown pre { overflow-x: auto; }
"""


class SaidOf(pn.viewable.Viewer):
    """Tags and notes of an experiment, both changed in place; `on_change` is called when they were."""

    def __init__(self, experiment_id: int, notes: str | None, on_change: Callable[[], None]) -> None:
        super().__init__()
        self._id, self._notes, self._on_change = experiment_id, notes, on_change
        borne, known = self._read_tags()
        self.tags = TagEditor(self._take, borne=tag_chips(borne), known=[tag.name for tag in known])
        self.edit = pmui.Button(
            icon="edit_note", variant="text", size="small", margin=0, styles={"flex": "none"}, sx=_ONE_LINE
        )
        self.edit.on_click(lambda _: self._open_form())
        self._below = pn.Column(pn.Spacer(height=0, margin=0), sizing_mode="stretch_width", margin=0)
        self._show_notes()

    def __panel__(self) -> pn.viewable.Viewable:
        line = pn.FlexBox(
            self.tags, self.edit, gap="8px", align_items="center", justify_content="space-between",
            flex_wrap="nowrap", margin=0, sizing_mode="stretch_width",
        )  # fmt: skip
        return card(line, self._below)

    def show(self, notes: str | None) -> None:
        """Show notes that were changed elsewhere, but not over what is being written."""
        if notes != self._notes:
            self._notes = notes
            if not isinstance(next(iter(self._below), None), SmallForm):
                self._show_notes()

    def _show_notes(self) -> None:
        self.edit.param.update(label="Edit notes" if self._notes else "Add notes", visible=True)
        nothing = pn.Spacer(height=0, margin=0)  # an empty layout is a mistake to Bokeh, which logs it
        self._below.objects = [
            markdown(self._notes, style=_STYLE, margin=(12, 0, 0, 0)) if self._notes else nothing
        ]
        self._below.visible = bool(self._notes)

    def _open_form(self) -> None:
        self.edit.visible = False
        notes = {"name": "notes", "label": "Notes in Markdown", "value": self._notes or "", "kind": "long"}
        self._below.objects = [
            SmallForm(self._save, self._show_notes, fields=[notes], submit="Save notes", margin=(12, 0, 0, 0))
        ]
        self._below.visible = True

    def _save(self, values: dict[str, str]) -> None:
        with session_scope() as session:
            self._notes = write_notes(session, current_actor(), self._id, values["notes"])
        self._show_notes()
        self._on_change()

    def _take(self, message: dict[str, Any]) -> None:
        with session_scope() as session:
            if message["type"] == "add":
                add_tags(session, current_actor(), [self._id], message["names"])
            else:
                remove_tags(session, current_actor(), [self._id], [message["name"]])
        borne, known = self._read_tags()
        self.tags.param.update(borne=tag_chips(borne), known=[tag.name for tag in known])

    def _read_tags(self) -> tuple[tuple[TagRow, ...], list[TagRow]]:
        with read_scope() as session:
            return tags_of(session, [self._id])[self._id], list_tags(session)
