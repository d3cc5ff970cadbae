"""Signals: the records of a data set, and one of them as waveform and spectrum."""

from typing import Any, ClassVar

import panel as pn
import param

from app.components.empty_state import empty_state
from app.components.grid import grid, stack
from app.components.page import PageView
from app.pages.signals.imports import ImportPanel
from app.pages.signals.record import RecordView
from app.pages.signals.table import SignalsTable
from app.state.signals import FILTERS, OF_RECORD, SignalsState
from core.errors import BrinellError, NotFoundError
from core.queries import datasets, signals
from core.queries.datasets import DatasetRow
from core.queries.signals import SignalRow
from core.storage.database import read_scope

TABLE_STATE = {"dataset", *FILTERS, "text", "feature", "sort", "descending", "page"}


class SignalsPage(PageView):
    """A table of records beside the one that is looked at."""

    title, path, icon = "Signals", "/signals", "show_chart"
    state_class: ClassVar[type[SignalsState]] = SignalsState
    state: SignalsState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.datasets: dict[str, DatasetRow] = {}
        self.row: SignalRow | None = None
        self.record: RecordView | None = None
        self._looked_at: tuple[int | None, ...] = ()
        served = self.navigate is not None
        self.imports = ImportPanel(self.state, self._load, self._shown_name, served=served)
        self.table = SignalsTable(self.state, self._open_row, linked=served)
        self._right = stack()
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self.on_show()
        self.state.param.watch(self._on_state, list(SignalsState.url_params))

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    def on_show(self) -> None:
        """Look again at what is stored: an import may have ended meanwhile."""
        self._load()
        self.imports.show()

    def on_hide(self) -> None:
        """Stop following an import."""
        self.imports.stop()

    @property
    def dataset(self) -> DatasetRow | None:
        """The data set shown: the one chosen, else that of the signal shown, else the newest."""
        if self.state.dataset:
            return self.datasets.get(self.state.dataset)
        if self.state.signal is not None and self.row is not None:
            return self.datasets.get(self.row.dataset)
        return next(iter(self.datasets.values()), None)

    def _shown_name(self) -> str:
        return self.dataset.name if self.dataset else ""

    def _load(self) -> None:
        with read_scope() as session:
            found = {row.name: row for row in datasets.list_datasets(session)}
        if found == self.datasets and self._content.objects:
            return
        self.datasets = found
        self.imports.pin(not found and self.navigate is not None)
        if not found:
            self._content[:] = [_no_dataset(), self.imports]
            return
        self._show_filters()
        self._show_table()
        self._turn_to_signal()
        self._content[:] = [
            self.imports,
            grid((self.table, 4), (self._right, 8), styles={"align-items": "start"}),
        ]

    def _on_state(self, *events: param.parameterized.Event) -> None:
        changed = {event.name for event in events}
        if changed & {"dataset", "text", "feature", *FILTERS}:
            self._show_filters()
        if changed & TABLE_STATE:
            self._show_table()
        elif changed & {"signal", "against"}:
            self._show_signal()
            self.table.show(self.row.id if self.row else None)
        if "signal" in changed:
            self._turn_to_signal()
        if self.record is not None:
            self.record.follow()

    def _show_filters(self) -> None:
        self.table.show_filters(list(self.datasets), self.dataset)

    def _show_table(self) -> None:
        self.table.read()
        self._show_signal()
        self.table.show(self.row.id if self.row else None)

    def _turn_to_signal(self) -> None:
        """Let the table show the page that holds a signal opened by its link alone."""
        if self.table.dataset != self.dataset:  # the link named the signal, and not its data set
            self._show_filters()
            self._show_table()
        signal_id = self.state.signal
        if signal_id is None or self.state.page > 1 or any(row.id == signal_id for row in self.table.rows):
            return
        page = self.table.find_page(signal_id)
        if page is not None:
            self.state.page = page
            self._show_table()

    def _open_row(self, signal_id: int) -> None:
        kept = {k: v for k, v in self.state.query().items() if k not in OF_RECORD}
        self.open(self.path, **kept | {"signal": signal_id})

    def _show_signal(self) -> None:
        """Show the signal of the link, else the first of the table."""
        rows = self.table.rows
        wanted = self.state.signal or (rows[0].id if rows else None)
        looked_at = (wanted, *self.state.against)
        if self.row is not None and self._looked_at == looked_at:
            return
        self._looked_at = looked_at
        if self.record is not None:
            self.record.close()
        self.row = self.record = None
        try:
            self.row = _read(wanted)
        except NotFoundError as error:
            self._right[:] = [self._no_signal(wanted, str(error))]
            return
        if self.row is None:
            self._right[:] = [self._nothing()]
            return
        self.breadcrumb = [self.row.dataset, self.row.signal_id]
        try:
            self.record = RecordView(self.row, self.state, linked=self.navigate is not None)
        except BrinellError as error:  # its file is gone or damaged
            self._right[:] = [empty_state(f"{self.row.signal_id} cannot be read", f"{error}.")]
            return
        self._right[:] = [self.record]

    def _no_signal(self, signal_id: int | None, why: str) -> pn.viewable.Viewable:
        self.breadcrumb = []
        back = ("First record of the table", lambda: self.state.choose_signal(None))
        return empty_state(f"No signal {signal_id}", why, actions=[back])

    def _nothing(self) -> pn.viewable.Viewable:
        self.breadcrumb = []
        if self.dataset is None:
            stored = f"Stored are: {', '.join(self.datasets)}. Choose one of them in the table's filters."
            first = next(iter(self.datasets))
            back = (f"Show {first}", lambda: self.state.choose_dataset(first))
            return empty_state(f"No data set {self.state.dataset}", stored, actions=[back])
        clear = ("Clear the filters", lambda: self.state.choose_dataset(self.state.dataset))
        why = "Set a filter of the table back to any, or shorten the text."
        return empty_state("No record matches", why, actions=[clear])


def _read(signal_id: int | None) -> SignalRow | None:
    if signal_id is None:
        return None
    with read_scope() as session:
        return signals.get_signal(session, signal_id)


def _no_dataset() -> pn.viewable.Viewable:
    return empty_state(
        "No recordings yet",
        "Signals shows what was measured, and nothing has been imported or generated. "
        "Import .mat files or a folder of them; “brinell demo” starts with a data set of its own.",
        command="brinell import PATH --dataset NAME",
    )
