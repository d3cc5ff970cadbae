"""Import recordings: send them from the browser, and follow the import until it has ended."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import panel as pn
import panel_material_ui as pmui
import param

from app.components.card import card
from app.components.grid import GAP_PX, stack
from app.components.icon_button import IconButton
from app.components.import_lines import ENDED, import_lines
from app.components.safe_text import text
from app.components.upload import UploadForm
from app.identity import current_actor
from app.pages.signals.waiting import WaitingUploads
from app.state.signals import SignalsState
from core.errors import NotFoundError
from core.queries.datasets import list_datasets
from core.queries.runs import ImportReport, get_import_report, get_run_state
from core.queries.uploads import get_room
from core.services.jobs import JobKind, cancel_run
from core.storage.database import read_scope, session_scope

POLL_MS = 1000
COMMAND = "brinell import PATH --dataset NAME"


class ImportPanel(pn.viewable.Viewer):
    """Open where the state says so; `on_end` is called when the import it follows has ended.

    `shown` tells the data set in view.
    """

    def __init__(
        self, state: SignalsState, on_end: Callable[[], None], shown: Callable[[], str], *, served: bool
    ) -> None:
        super().__init__()
        self._state, self._on_end, self._shown, self._served = state, on_end, shown, served
        self._poll: Any = None
        self._seen: object = None
        self.form = UploadForm(self._follow_import)
        self._lines = stack(gap_px=8)
        self._waiting = WaitingUploads(self._read_room)
        self._body = stack()
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._ended: int | None = None  # the import whose end was told
        self._shut = IconButton("close", "Close", self.close)
        self._frame = self._make()
        self._is_pinned = False
        state.param.watch(self._on_state, ["importing", "import_id"])

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    @property
    def is_open(self) -> bool:
        """Whether the panel is asked for, or an import to show, or nothing else is."""
        return self._is_pinned or self._state.importing or self._state.import_id is not None

    def show(self) -> None:
        """Show what the state says, and go on looking while an import runs."""
        self._content[:] = [self._frame] if self.is_open else [pn.Spacer(height=0, margin=0)]
        if self.is_open:
            self._read_room()
            self._look()

    def pin(self, is_pinned: bool) -> None:
        """Stay open where nothing else is to be seen."""
        self._is_pinned = is_pinned
        self._shut.visible = not is_pinned

    def stop(self) -> None:
        """Stop looking: the page is left or the import has ended."""
        if self._poll is not None:
            self._poll.stop()
            self._poll = None

    def close(self) -> None:
        """Put the panel away; an import goes on without it."""
        self._state.param.update(importing=False, import_id=None)

    def _on_state(self, *_events: param.parameterized.Event) -> None:
        self.stop()
        self._seen = None
        self._lines[:] = []
        self._put()
        self.show()

    def _make(self) -> pn.Column:
        told = text("A notebook has no server to send files to; this does the same:", "muted")
        self._ways = [self.form] if self._served else [told, text(COMMAND, "command")]
        self._put()
        return card(
            self._body,
            title="Import recordings",
            actions=(self._shut,),
            margin=(0, 0, GAP_PX, 0),
        )

    def _read_room(self) -> None:
        with read_scope() as session:
            names = [row.name for row in list_datasets(session)]
            room = asdict(get_room(session))
        self.form.param.update(datasets=names, room=room)
        self._waiting.read()
        self._put()

    def _follow_import(self, import_id: int) -> None:
        self._state.param.update(importing=True, import_id=import_id)

    def _look(self) -> None:
        import_id = self._state.import_id
        if import_id is None:
            return
        try:
            with read_scope() as session:
                report = get_import_report(session, import_id)
                percent = get_run_state(session, JobKind.IMPORT, import_id).done
        except NotFoundError as error:
            self._lines[:] = [text(str(error), "muted")]
            self._put()
            self.stop()
            return
        self._go_on(report)
        self._draw(report, percent)

    def _go_on(self, report: ImportReport) -> None:
        if report.status not in ENDED:
            if self._poll is None:
                self._poll = pn.state.add_periodic_callback(self._look, POLL_MS)
            return
        self.stop()
        if self._ended != report.id:
            self._ended = report.id
            self._read_room()
            self._on_end()

    def _draw(self, report: ImportReport, percent: int) -> None:
        if self._seen == (report, percent):
            return
        self._seen = (report, percent)
        self._lines[:] = [*import_lines(report, percent), *self._acts(report)]
        self._put()

    def _put(self) -> None:
        """Show what there is to show: an empty layout is a mistake to Bokeh, which logs it."""
        lines = [self._lines] if len(self._lines) else []
        self._body[:] = [*self._ways, *lines, *([self._waiting] if self._waiting.rows else [])]

    def _acts(self, report: ImportReport) -> list[pmui.Button]:
        if report.status == "completed" and report.dataset != self._shown():
            return [_act(f"Show {report.dataset}", lambda: self._state.choose_dataset(report.dataset))]
        if report.status not in ENDED:
            return [_act("Cancel the import", lambda: self._cancel(report.id))]
        return []

    def _cancel(self, import_id: int) -> None:
        with session_scope() as session:
            cancel_run(session, current_actor(), JobKind.IMPORT, import_id)
        self._look()


def _act(label: str, act: Callable[[], None]) -> pmui.Button:
    button = pmui.Button(label=label, variant="outlined", size="small", margin=0)
    button.on_click(lambda _: act())
    return button
