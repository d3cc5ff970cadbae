"""The records of a data set: filters, and a page of the rows that they let through."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui
from bokeh.models import NumberFormatter

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.data_table import DataTable
from app.components.export import export
from app.components.filters import SearchField, choice, filter_row, offer
from app.components.place_link import place_html
from app.pages.signals.snippets import table_snippet
from app.state.signals import FEATURE, FILTERS, OF_RECORD, SignalsState
from app.theme import category_colors
from core.queries import signals
from core.queries.datasets import DatasetRow
from core.queries.signals import FEATURE_PREFIX, SignalFilter, SignalRow
from core.storage.database import read_scope
from core.vibration.feature_set import FEATURES, FEATURES_BY_NAME, Feature

PAGE_ROWS = 15
MOST_EXPORTED = 100_000
WHERE = {  # state and column: where the data set lists the choices
    "channel": "channels",
    "fault_class": "fault_types",
    "severity": "severity_levels",
    "load": "loads",
}
TITLES = {
    "shown": "",
    "ink": "",
    "record": "Record",
    "channel": "Channel",
    "fault_class": "Fault class",
    "severity": "Severity",
    "load": "Load",
    FEATURE: "",
    "rms": "RMS",
    "kurtosis": "Kurtosis",
    "dominant_frequency": "Peak (Hz)",
    "rpm": "rpm",
    "rate_hz": "Rate (Hz)",
    "num_samples": "Samples",
}
TOOLTIPS = {
    "dominant_frequency": "frequency of the largest line of the amplitude spectrum",
    "rpm": "speed of the shaft",
}
FORMATS = {
    FEATURE: "0,0.000",
    "rms": "0.0000",
    "kurtosis": "0.00",
    "dominant_frequency": "0,0.0",
    "rpm": "0,0",
    "rate_hz": "0,0",
    "num_samples": "0,0",
}
COLUMNS = {  # where there is little room, the largest `responsive` leaves first
    "shown": {"width": 22, "responsive": 0},
    "ink": {"width": 6, "responsive": 0},
    "record": {"minWidth": 120, "widthGrow": 2, "responsive": 0, "variableHeight": True},
    "channel": {"minWidth": 84, "responsive": 4},
    "fault_class": {"minWidth": 104, "responsive": 1},
    "severity": {"minWidth": 84, "responsive": 6},
    "load": {"minWidth": 60, "responsive": 5},
    FEATURE: {"minWidth": 84, "responsive": 0},
    "rms": {"minWidth": 70, "responsive": 2},
    "kurtosis": {"minWidth": 88, "responsive": 3},
    "dominant_frequency": {"minWidth": 86, "responsive": 7},
    "rpm": {"minWidth": 62, "responsive": 8},
    "rate_hz": {"minWidth": 82, "responsive": 9},
    "num_samples": {"minWidth": 82, "responsive": 10},
}
STYLE = """
.tabulator-cell[tabulator-field=record], .tabulator-cell[tabulator-field=channel] {
  white-space: normal !important; overflow-wrap: anywhere; }
.tabulator .tabulator-row .tabulator-cell:is([tabulator-field=ink], [tabulator-field=shown]) {
  padding: 0 !important; }
.tabulator-cell[tabulator-field=shown] { text-align: center; }
"""
READ = ["id", *(name for name in TITLES if name not in {"shown", "ink", FEATURE})]


class SignalsTable(pn.viewable.Viewer):
    """Filters and one page of records, as the state says; `open_row` is told the id of a clicked one."""

    def __init__(self, state: SignalsState, open_row: Callable[[int], None], *, linked: bool) -> None:
        super().__init__()
        self.state, self._linked = state, linked
        self.dataset: DatasetRow | None = None
        self.rows: list[SignalRow] = []
        self._total = 0
        numbers = dict.fromkeys([*FORMATS, "load"], "right")
        self.table = DataTable(
            state,
            titles=TITLES | {"id": "id"},
            on_open=lambda row: open_row(int(row["id"])),
            page_size=PAGE_ROWS,
            style=STYLE,
            columns=COLUMNS,
            layout="fit_columns",
            hidden_columns=["id", FEATURE],
            sortable={"ink": False, "shown": False},
            header_tooltips=TOOLTIPS,
            text_align=numbers,
            header_align=numbers,
            formatters={name: NumberFormatter(format=f, nan_format="–") for name, f in FORMATS.items()}
            | {"ink": {"type": "color"}, "record": {"type": "html"}},
        )
        self.choices = {
            name: choice(label, partial(self._take, name), width=124)
            for name, label in ({"dataset": "Data set"} | FILTERS).items()
        }
        self.choices[FEATURE] = choice("Feature", partial(self._take, FEATURE), width=124)
        self.choices[FEATURE].options = {"none": ""} | {each.title: each.name for each in FEATURES}
        self.search = SearchField("Record", value=state.text, width=124)
        self.search.param.watch(lambda event: self._take("text", event.new), "value")

    def __panel__(self) -> pn.viewable.Viewable:
        return card(
            filter_row(*self.choices.values(), self.search, self._import_button()),
            self.table,
            actions(export(self.read_all, "signals"), copy_python(self._snippet)),
        )

    def _import_button(self) -> pmui.Button:
        styles = {"margin-left": "auto"}
        button = pmui.Button(
            label="Import recordings",
            icon="upload_file",
            variant="text",
            size="small",
            margin=0,
            styles=styles,
        )
        button.on_click(lambda _: setattr(self.state, "importing", True))
        return button

    def show_filters(self, names: list[str], shown: DatasetRow | None) -> None:
        """Offer what the data set holds, and what the link asked for even where it does not hold it."""
        self.dataset = shown
        offer(self.choices["dataset"], names, shown.name if shown else self.state.dataset)
        for name, where in WHERE.items():
            held = getattr(shown, where) if shown else ()
            offer(self.choices[name], ["", *held], getattr(self.state, name))
        self.search.value = self.state.text
        self.choices[FEATURE].value = self.state.feature

    def read(self) -> None:
        """Read the page of rows that the state asks for; behind the last one lies the last one."""
        self.rows, self._total = self._read_rows(PAGE_ROWS, (self.state.page - 1) * PAGE_ROWS)
        if not self.rows and self._total:
            self.state.page = -(-self._total // PAGE_ROWS)
            self.rows, self._total = self._read_rows(PAGE_ROWS, (self.state.page - 1) * PAGE_ROWS)

    def find_page(self, signal_id: int) -> int | None:
        """Return the page that holds a signal; None where the filters leave it out."""
        if self.dataset is None:
            return None
        with read_scope() as session:
            place = signals.find_place(session, self._wanted(self.dataset), signal_id, **self._order())
        return None if place is None else place // PAGE_ROWS + 1

    def show(self, opened: int | None) -> None:
        """Show the rows, the opened one marked."""
        feature = FEATURES_BY_NAME.get(self.state.feature)
        self.table.retitle(FEATURE, _feature_title(feature) if feature else "")
        self.table.show(_frame(self.rows, opened, self._place_of, self.state.feature), self._total)

    def read_all(self) -> pd.DataFrame:
        """Return all rows that the filters let through, values as they are stored."""
        rows, _ = self._read_rows(MOST_EXPORTED, 0)
        facts = pd.DataFrame([{name: getattr(row, name) for name in READ} for row in rows], columns=READ)
        features = pd.DataFrame([dict(row.features) for row in rows], index=facts.index)
        return facts.join(features.drop(columns=READ, errors="ignore"))

    def _place_of(self, row: SignalRow) -> str:
        kept = {k: v for k, v in self.state.query().items() if k not in {"signal", *OF_RECORD}}
        return place_html(
            f"{row.record} · {row.channel}", "/signals", linked=self._linked, **kept, signal=row.id
        )

    def _take(self, name: str, value: str) -> None:
        if name == "dataset":
            if value != (self.dataset.name if self.dataset else self.state.dataset):
                self.state.choose_dataset(value)
        elif name == FEATURE and value != self.state.feature:
            sort = FEATURE if value else "record"
            self.state.param.update(page=1, feature=value, sort=sort, descending=bool(value))
        elif value != getattr(self.state, name):
            self.state.param.update(page=1, **{name: value})

    def _read_rows(self, limit: int, offset: int) -> tuple[list[SignalRow], int]:
        if self.dataset is None:
            return [], 0
        wanted = self._wanted(self.dataset)
        with read_scope() as session:
            return signals.list_signals(session, wanted, **self._order(), limit=limit, offset=offset)

    def _wanted(self, dataset: DatasetRow) -> SignalFilter:
        chosen = {name: getattr(self.state, name) or None for name in WHERE}
        return SignalFilter(dataset.id, text=self.state.text, **chosen)

    def _order(self) -> dict[str, Any]:
        sort = self.state.sort
        if sort == FEATURE:
            sort = f"{FEATURE_PREFIX}{self.state.feature}" if self.state.feature else "record"
        return {"sort": sort, "descending": self.state.descending}

    def _snippet(self) -> str:
        return table_snippet(self.state, self.dataset.name if self.dataset else self.state.dataset)


def _feature_title(feature: Feature) -> str:
    unit = "" if feature.unit in {"", "signal"} else f" ({feature.unit})"
    return f"{feature.title}{unit}"


def _frame(
    rows: list[SignalRow], opened: int | None, place_of: Callable[[SignalRow], str], feature: str
) -> pd.DataFrame:
    inks = category_colors(sorted({row.fault_class for row in rows}))
    records = [
        {name: getattr(row, name) for name in READ}
        | {"shown": "▸" if row.id == opened else "", "ink": inks[row.fault_class], "record": place_of(row)}
        | {FEATURE: row.features.get(feature)}
        for row in rows
    ]
    return pd.DataFrame(records, columns=[*TITLES, "id"])
