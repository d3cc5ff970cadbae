"""Home: what is stored, what runs now, what came out last, and what to do next; it keeps itself true."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from app.components.card import card
from app.components.copy_python import copy_python
from app.components.export import export
from app.components.grid import grid, stack
from app.components.page import PageView
from app.components.progress import progress
from app.components.safe_text import text
from app.components.sparkline import sparkline
from app.components.stat import stat, stats
from app.components.state_badge import state_badge
from app.state.home import HomeState, Step, next_steps
from core.queries import datasets, experiments, home, runs
from core.queries.datasets import DatasetRow
from core.queries.experiments import ExperimentRow
from core.queries.home import Overview
from core.queries.runs import RunRow
from core.storage.database import read_scope

POLL_MS = 2000
LATEST = 6
MOST_EXPORTED = 100_000
SNIPPET = """from core.workspace import Workspace

workspace = Workspace()
workspace.datasets()
workspace.experiments()"""
EXPERIMENT_COLUMNS = "minmax(0, 3fr) 104px 96px 56px minmax(0, 3fr) 148px"
DATASET_COLUMNS = "minmax(0, 3fr) minmax(0, 4fr) 72px 96px minmax(0, 4fr) 148px"
LINE_STYLE = "align-items: center; gap: 0 12px; min-height: 36px;"
NO_BUTTON = ".scroll-button { display: none; }"  # a Row's own, which would take a cell
DOING = {"training": "Training", "dataset_import": "Importing", "dataset_generation": "Generating"}


@dataclass(frozen=True)
class Snapshot:
    """One look at the database."""

    overview: Overview
    runs: list[RunRow]
    latest: list[ExperimentRow]
    best: ExperimentRow | None
    curves: dict[int, tuple[float, ...]]  # validation accuracy by experiment


class HomePage(PageView):
    """A live overview; asked anew while it is seen, drawn anew only where something changed."""

    title, path, icon = "Home", "/", "home"
    state_class: ClassVar[type[HomeState]] = HomeState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._drawn: dict[str, Any] = {}
        self._poll: Any = None
        self._datasets: list[DatasetRow] = []
        self._stamp: object = None
        self.parts = {name: _part() for name in ("numbers", "running", "latest", "datasets", "next")}
        self.refresh()

    def __panel__(self) -> pn.viewable.Viewable:
        parts = self.parts
        return pn.Column(
            parts["numbers"],
            grid(
                (card(parts["latest"], title="Latest results"), 8),
                (
                    stack(card(parts["running"], title="Running now"), card(parts["next"], title="Next")),
                    4,
                ),
                (card(parts["datasets"], title="Data sets"), 12),
            ),
            pn.FlexBox(
                text("Data sets:", "caption"),
                export(self._read_datasets, "datasets"),
                text("Experiments:", "caption"),
                export(_read_experiments, "experiments"),
                copy_python(lambda: SNIPPET),
                gap="8px",
                align_items="center",
                margin=(16, 0, 0, 0),
            ),
            sizing_mode="stretch_width",
            margin=0,
        )

    def on_show(self) -> None:
        """Look again, and go on looking every two seconds."""
        self.refresh()
        self._poll = pn.state.add_periodic_callback(self.refresh, POLL_MS)

    def on_hide(self) -> None:
        """Stop looking."""
        if self._poll is not None:
            self._poll.stop()
            self._poll = None

    def refresh(self) -> None:
        """Read once, and draw the parts whose data has changed."""
        seen = self._read()
        steps = next_steps(self._datasets, seen.latest)
        self._draw("numbers", (seen.overview, len(seen.runs), seen.best), lambda: _numbers(seen))
        self._draw("running", seen.runs, lambda: _running(seen.runs))
        self._draw("latest", (seen.latest, seen.curves), lambda: self._latest(seen))
        self._draw("datasets", self._datasets, self._dataset_lines)
        self._draw("next", steps, lambda: _next(steps))

    def _read_datasets(self) -> pd.DataFrame:
        return _frame(self._datasets, DatasetRow)

    def _read(self) -> Snapshot:
        with read_scope() as session:
            stamp = home.get_data_stamp(session)
            if stamp != self._stamp:
                self._stamp, self._datasets = stamp, datasets.list_datasets(session)
            latest, _ = experiments.list_experiments(session, limit=LATEST)
            written, _ = experiments.epochs_after(session, [row.id for row in latest])
            return Snapshot(
                overview=home.get_overview(session),
                runs=runs.list_active_runs(session),
                latest=latest,
                best=experiments.find_best_experiment(session),
                curves=_curves(written),
            )

    def _draw(self, name: str, data: Any, make: Callable[[], Sequence[Any]]) -> None:
        if name not in self._drawn or self._drawn[name] != data:
            self._drawn[name] = data
            self.parts[name].objects = list(make())

    def _latest(self, seen: Snapshot) -> list[Any]:
        if not seen.latest:
            return [text("No experiment yet: a trained model shows up here with its score.", "muted")]
        return [self._experiment_line(row, seen.curves.get(row.id, ())) for row in seen.latest]

    def _experiment_line(self, row: ExperimentRow, curve: tuple[float, ...]) -> pn.Row:
        return _line(
            EXPERIMENT_COLUMNS,
            _link(row.name, partial(self.open, "/experiments", experiment=row.id)),
            state_badge(row.status),
            sparkline(curve, "validation accuracy by epoch"),
            text("–" if row.test_accuracy is None else f"{100 * row.test_accuracy:.1f} %"),
            text(f"{row.split}: {row.audit}" if row.audit else row.split, "caption"),
            text(_moment(row.created_at), "caption"),
        )

    def _dataset_lines(self) -> list[Any]:
        if not self._datasets:
            return [text("No data set yet.", "muted")]
        return [self._dataset_line(row) for row in self._datasets]

    def _dataset_line(self, row: DatasetRow) -> pn.Row:
        rates = ", ".join(f"{rate:,.0f} Hz" for rate in row.sampling_rates_hz)
        return _line(
            DATASET_COLUMNS,
            _link(row.name, partial(self.open, "/signals", dataset=row.name)),
            text(f"{row.num_signals:,} signals of {row.num_records:,} records"),
            text(f"{row.duration_s / 60:,.1f} min"),
            text(rates),
            text(", ".join(row.fault_types), "muted"),
            text(_moment(row.created_at), "caption"),
        )


def _part() -> pn.Column:
    return pn.Column(sizing_mode="stretch_width", margin=0)


def _line(columns: str, *cells: pn.viewable.Viewable) -> pn.Row:
    layout = f":host {{ display: grid !important; grid-template-columns: {columns}; {LINE_STYLE} }}"
    return pn.Row(
        *cells,
        stylesheets=[layout, ":host > * { align-self: center; }", NO_BUTTON],
        sizing_mode="stretch_width",
        margin=0,
    )


def _link(label: str, act: Callable[[], None]) -> pmui.Button:
    left = {"justifyContent": "flex-start", "textTransform": "none", "textAlign": "left", "fontSize": "14px"}
    button = pmui.Button(
        label=label,
        variant="text",
        size="small",
        margin=0,
        sx=left | {"p": 0, "lineHeight": 1.45},
        sizing_mode="stretch_width",
    )
    button.on_click(lambda _: act())
    return button


def _numbers(seen: Snapshot) -> list[Any]:
    overview, best = seen.overview, seen.best
    running = sum(run.status == "running" for run in seen.runs)
    items = [
        stat(f"{overview.num_datasets:,}", "data sets"),
        stat(f"{overview.num_signals:,}", "signals"),
        stat(f"{overview.signal_hours:,.2f}", "of signal", unit="h"),
        stat(f"{overview.num_completed:,}", "experiments completed"),
        stat(f"{running:,}", "running now"),
        stat(f"{overview.num_failed:,}", "failed"),
    ]
    if best is not None and best.test_accuracy is not None:
        where = f"{best.split}, {best.audit}" if best.audit else best.split
        items.append(stat(f"{100 * best.test_accuracy:.1f}", f"best test accuracy ({where})", unit="%"))
    return [stats(*items)]


def _running(active: list[RunRow]) -> list[Any]:
    if not active:
        return [text("Nothing runs and nothing waits.", "muted")]
    return [
        progress(
            run.progress if run.status == "running" else None,
            f"{DOING[run.kind]} {run.name}",
            run.status if run.status != "running" else "",
            margin=(0, 0, 10, 0),
        )
        for run in active
    ]


def _next(steps: list[Step]) -> list[Any]:
    return [
        pn.Column(
            text(step.what),
            text(step.why, "caption"),
            text(step.command, "mono", styles={"user-select": "all"}),
            margin=(0, 0, 10, 0),
            sizing_mode="stretch_width",
        )
        for step in steps
    ]


def _read_experiments() -> pd.DataFrame:
    with read_scope() as session:
        rows, _ = experiments.list_experiments(session, limit=MOST_EXPORTED)
    return _frame(rows, ExperimentRow)


def _frame(rows: Sequence[Any], row_class: type) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(row_class)])


def _curves(written: pd.DataFrame) -> dict[int, tuple[float, ...]]:
    """Return each experiment's validation accuracy; of an epoch written twice the later one counts."""
    kept = written.dropna(subset="val_accuracy").drop_duplicates(["experiment_id", "epoch"], keep="last")
    return {int(i): tuple(rows["val_accuracy"]) for i, rows in kept.groupby("experiment_id")}


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
