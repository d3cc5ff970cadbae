"""Signals: the records of a data set, and one of them as waveform and spectrum."""

from functools import partial
from typing import Any, ClassVar

import pandas as pd
import panel as pn
import panel_material_ui as pmui
import param
from bokeh.models import NumberFormatter

from app.components.card import card
from app.components.copy_python import copy_python
from app.components.data_table import DataTable
from app.components.empty_state import empty_state
from app.components.export import export
from app.components.grid import grid, stack
from app.components.page import PageView
from app.components.safe_text import text
from app.components.signal_view import RecordSource, SignalView
from app.state.signals import SignalsState
from app.theme import category_colors
from core.errors import NotFoundError
from core.queries import datasets, signals
from core.queries.datasets import DatasetRow
from core.queries.signals import SignalFilter, SignalRow
from core.storage.database import read_scope

PAGE_ROWS = 15
MOST_EXPORTED = 100_000
FILTERS = {  # state and column: label, where the data set lists the choices
    "channel": ("Channel", "channels"),
    "fault_class": ("Fault class", "fault_types"),
    "severity": ("Severity", "severity_levels"),
    "load": ("Load", "loads"),
}
TABLE_STATE = {*FILTERS, "text", "sort", "descending", "page"}
TITLES = {
    "shown": "",
    "ink": "",
    "record": "Record",
    "channel": "Channel",
    "fault_class": "Fault class",
    "severity": "Severity",
    "load": "Load",
    "rms": "RMS",
    "kurtosis": "Kurtosis",
    "dominant_frequency": "Dominant (Hz)",
    "rpm": "Speed (rpm)",
    "rate_hz": "Rate (Hz)",
    "num_samples": "Samples",
}
FORMATS = {
    "rms": "0.0000",
    "kurtosis": "0.00",
    "dominant_frequency": "0,0.0",
    "rpm": "0,0",
    "rate_hz": "0,0",
    "num_samples": "0,0",
}


class SignalsPage(PageView):
    """A table of records beside the one that is looked at."""

    title, path, icon = "Signals", "/signals", "show_chart"
    state_class: ClassVar[type[SignalsState]] = SignalsState
    state: SignalsState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.datasets: dict[str, DatasetRow] = {}
        self.rows: list[SignalRow] = []
        self._total = 0
        self.row: SignalRow | None = None
        self.view: SignalView | None = None
        self.table = DataTable(
            self.state,
            titles=TITLES | {"id": "id"},
            on_open=self._open_row,
            page_size=PAGE_ROWS,
            hidden_columns=["id"],
            sortable={"ink": False, "shown": False},
            widths={"ink": 8, "shown": 20},
            configuration={"sortMode": "remote", "columnDefaults": {"minWidth": 8}},
            formatters={name: NumberFormatter(format=f, nan_format="–") for name, f in FORMATS.items()}
            | {"ink": {"type": "color"}},
        )
        self._field = pmui.TextInput(
            label="Record", value="", size="small", width=150, margin=0, css_classes=["page-search"]
        )
        self._choices = self._make_filters()
        self._right = stack()
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._load()
        self.state.param.watch(self._on_state, list(SignalsState.url_params))

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    def on_show(self) -> None:
        """Look again at what is stored: an import may have ended meanwhile."""
        self._load()

    def _load(self) -> None:
        with read_scope() as session:
            found = {row.name: row for row in datasets.list_datasets(session)}
        if found == self.datasets and self._content.objects:
            return
        self.datasets = found
        if not found:
            self._content[:] = [_no_dataset()]
            return
        self._show_filters()
        self._show_table()
        self._content[:] = [grid((self._make_left(), 5), (self._right, 7))]

    def _make_left(self) -> pn.Column:
        actions = (
            export(self._read_table, "signals"),
            copy_python(self._table_snippet),
        )
        filters = pn.FlexBox(
            *self._choices.values(), self._field, gap="8px", margin=(0, 0, 8, 0), sizing_mode="stretch_width"
        )
        return card(filters, self.table, pn.FlexBox(*actions, gap="8px"))

    @property
    def dataset(self) -> DatasetRow | None:
        """The data set shown: the one chosen, else that of the signal shown, else the newest."""
        if self.state.dataset:
            return self.datasets.get(self.state.dataset)
        if self.state.signal is not None and self.row is not None:
            return self.datasets.get(self.row.dataset)
        return next(iter(self.datasets.values()), None)

    def _on_state(self, *events: param.parameterized.Event) -> None:
        changed = {event.name for event in events}
        if changed & {"dataset", "text", *FILTERS}:
            self._show_filters()
        if changed & (TABLE_STATE | {"dataset"}):
            self._show_table()
        elif "signal" in changed:
            self._show_signal()
            self._mark_shown()
        if self.view is not None and self.row is not None:
            self._follow_window()
            self.view.scale = self.state.scale

    def _make_filters(self) -> dict[str, pmui.Select]:
        labels = {"dataset": "Data set"} | {name: label for name, (label, _) in FILTERS.items()}
        choices = {
            name: pmui.Select(label=label, options={"": ""}, value="", size="small", width=124, margin=0)
            for name, label in labels.items()
        }
        for name, field in (choices | {"text": self._field}).items():
            field.param.watch(partial(self._take_filter, name), "value")
        return choices

    def _take_filter(self, name: str, event: param.parameterized.Event) -> None:
        if name == "dataset":
            if self.dataset is None or event.new != self.dataset.name:
                self.state.choose_dataset(event.new)
        elif event.new != getattr(self.state, name):
            self.state.param.update(page=1, **{name: event.new})

    def _show_filters(self) -> None:
        """Offer what the data set holds, and what the link asked for even where it does not hold it."""
        shown = self.dataset
        self._offer("dataset", list(self.datasets), shown.name if shown else self.state.dataset)
        for name, (_, where) in FILTERS.items():
            self._offer(name, ["", *(getattr(shown, where) if shown else ())], getattr(self.state, name))
        self._field.value = self.state.text

    def _offer(self, name: str, values: list[str], chosen: str) -> None:
        options = {value or "any": value for value in [*values, *({chosen} - set(values))]}
        self._choices[name].param.update(options=options, value=chosen)

    def _wanted(self, dataset: DatasetRow) -> SignalFilter:
        chosen = {name: getattr(self.state, name) or None for name in FILTERS}
        return SignalFilter(dataset.id, text=self.state.text, **chosen)

    def _read_rows(self, limit: int, offset: int) -> tuple[list[SignalRow], int]:
        if self.dataset is None:
            return [], 0
        with read_scope() as session:
            return signals.list_signals(
                session,
                self._wanted(self.dataset),
                sort=self.state.sort,
                descending=self.state.descending,
                limit=limit,
                offset=offset,
            )

    def _show_table(self) -> None:
        self.rows, self._total = self._read_rows(PAGE_ROWS, (self.state.page - 1) * PAGE_ROWS)
        if not self.rows and self._total:  # the link's page lies behind the last
            self.state.page = -(-self._total // PAGE_ROWS)
            self.rows, self._total = self._read_rows(PAGE_ROWS, (self.state.page - 1) * PAGE_ROWS)
        self._show_signal()
        self._mark_shown()

    def _mark_shown(self) -> None:
        self.table.show(_frame(self.rows, self.row.id if self.row else None), self._total)

    def _read_table(self) -> pd.DataFrame:
        rows, _ = self._read_rows(MOST_EXPORTED, 0)
        return _frame(rows, None).drop(columns=["shown", "ink"])

    def _open_row(self, row: pd.Series) -> None:
        kept = {k: v for k, v in self.state.query().items() if k not in {"start", "stop"}}
        self.open(self.path, **kept | {"signal": int(row["id"])})

    def _show_signal(self) -> None:
        """Show the signal of the link, else the first of the table."""
        wanted = self.state.signal or (self.rows[0].id if self.rows else None)
        if self.row is not None and self.row.id == wanted:
            return
        self.row = self.view = None
        if wanted is None:
            self._right[:] = [self._nothing()]
            return
        try:
            with read_scope() as session:
                self.row = signals.get_signal(session, wanted)
        except NotFoundError as error:
            self._right[:] = [empty_state(f"No signal {wanted}", str(error))]
            return
        self._show_row(self.row)

    def _nothing(self) -> pn.viewable.Viewable:
        if self.dataset is None:
            stored = f"Stored are: {', '.join(self.datasets)}. Choose one of them in the table's filters."
            return empty_state(f"No data set {self.state.dataset}", stored)
        return empty_state("No record matches", "Set a filter of the table back to any, or shorten the text.")

    def _show_row(self, row: SignalRow) -> None:
        source = RecordSource(
            duration_s=row.duration_s,
            rate_hz=row.rate_hz,
            unit=row.unit,
            read_wave=partial(signals.view_waveform, row),
            read_spectrum=partial(signals.view_spectrum, row),
            read_lines=signals.view_lines,
        )
        self.view = SignalView(source, window=self.state.window(row.duration_s), scale=self.state.scale)
        self.view.param.watch(self._keep_window, "window")
        self.view.param.watch(lambda event: setattr(self.state, "scale", event.new), "scale")
        actions = pn.FlexBox(
            export(self._read_window, f"signal_{row.id}"), copy_python(self._window_snippet), gap="8px"
        )
        self._right[:] = [_header(row), self.view, actions]
        self.breadcrumb = [row.dataset, row.signal_id]

    def _follow_window(self) -> None:
        window = self.state.window(self.row.duration_s)
        if any(abs(a - b) > 1e-6 for a, b in zip(window, self.view.window, strict=True)):
            self.view.window = window

    def _keep_window(self, event: param.parameterized.Event) -> None:
        if event.obj is self.view:  # the one before may still settle
            self.state.signal = self.row.id
            self.state.set_window(*event.new, self.row.duration_s)

    def _read_window(self) -> pd.DataFrame:
        return signals.read_window(self.row, *self.view.window)

    def _window_snippet(self) -> str:
        start, stop = self.view.window
        return (
            "from core.workspace import Workspace\n\n"
            f"signal = Workspace().signal({self.row.id})\n"
            "signal.samples  # all of them, a memory map\n"
            f"signal.window({start:.6f}, {stop:.6f})\n"
            f"signal.spectrum({start:.6f}, {stop:.6f})"
        )

    def _table_snippet(self) -> str:
        name = self.dataset.name if self.dataset else self.state.dataset
        chosen = {name: getattr(self.state, name) for name in [*FILTERS, "text"]}
        filters = "".join(f", {name}={value!r}" for name, value in chosen.items() if value)
        order = f".sort_values({self.state.sort!r}, ascending={not self.state.descending})"
        return f"from core.workspace import Workspace\n\nWorkspace().signals({name!r}{filters}){order}"


def _select(choice: pmui.Select, value: str) -> None:
    if value not in choice.options.values():
        choice.options = choice.options | {value: value}
    choice.value = value


def _frame(rows: list[SignalRow], shown: int | None) -> pd.DataFrame:
    inks = category_colors(sorted({row.fault_class for row in rows}))
    records = [
        {name: getattr(row, name) for name in ["id", *TITLES] if name not in {"shown", "ink"}}
        | {"shown": "▸" if row.id == shown else "", "ink": inks[row.fault_class]}
        for row in rows
    ]
    return pd.DataFrame(records, columns=[*TITLES, "id"])


def _header(row: SignalRow) -> pn.Column:
    unit = row.unit or "(unit unknown)"
    known = (
        f"{row.rate_hz:,.0f} Hz",
        f"{row.duration_s:,.3f} s, {row.num_samples:,} samples",
        row.rpm and f"{row.rpm:,.0f} rpm",
        row.load and f"load {row.load} {row.meta_data.get('load_unit', '')}".rstrip(),
        row.bearing_model,
        f"{row.fault_class}, {row.severity}",
        row.meta_data.get("fault_size"),
        row.rms is not None and f"rms {row.rms:.4g} {unit}",
        row.kurtosis is not None and f"kurtosis {row.kurtosis:.3g}",
    )
    return pn.Column(
        text(f"{row.record}  {row.channel}", "subtitle"),
        text("  ·  ".join(str(fact) for fact in known if fact), "muted"),
        *(text(f"Import: {finding}", "caption") for finding in row.findings),
        sizing_mode="stretch_width",
        margin=0,
    )


def _no_dataset() -> pn.viewable.Viewable:
    return empty_state(
        "No recordings yet",
        "Signals shows what was measured, and nothing has been imported or generated. "
        "Import .mat files or a folder of them; “brinell demo” starts with a data set of its own.",
        command="brinell import PATH --dataset NAME",
    )
