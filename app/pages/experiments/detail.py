"""One experiment, whole: headline, curves that move while it trains, and what came out."""

import asyncio
from typing import Any

import pandas as pd
import panel as pn

from app.components.card import card
from app.components.copy_python import copy_python
from app.components.export import export
from app.components.grid import grid, stack
from app.components.page import Navigate
from app.components.safe_text import text
from app.identity import current_actor
from app.pages.experiments.acts import ExperimentActs
from app.pages.experiments.cards import files_card, per_class_card, provenance_card, spec_card, split_card
from app.pages.experiments.cell_windows import CellWindows
from app.pages.experiments.head import ACTIVE, Head
from app.pages.experiments.live_curves import LiveCurves
from app.pages.experiments.matrix import ConfusionView
from app.pages.experiments.notes import SaidOf
from app.pages.experiments.snippets import beyond_command, experiment_snippet, train_command
from app.state.experiments import ExperimentsState
from core.queries.epochs import epochs_after
from core.queries.experiment_files import list_predictions
from core.queries.experiments import ExperimentDetail, get_experiment_detail
from core.services.experiments import pause_experiment, resume_experiment
from core.services.jobs import JobKind, cancel_run
from core.storage.database import read_scope, session_scope

NO_RESULT = {
    "running": "The test side is looked at once, with the weights of the best epoch, when the training ends.",
    "failed": "There is no test result: the run failed before the test side was looked at.",
    "cancelled": "There is no test result: the run was cancelled before the test side was looked at.",
}


class DetailView(pn.viewable.Viewer):
    """The page of one experiment; `refresh` brings it up to date in place."""

    def __init__(
        self, experiment_id: int, state: ExperimentsState, open_place: Navigate, *, linked: bool
    ) -> None:
        super().__init__()
        self.experiment_id, self._state, self._open = experiment_id, state, open_place
        self._linked = linked
        self.detail = self._read_detail()
        self.acts = ExperimentActs(self.detail, open_place, lambda: pn.state.execute(self.refresh))
        self.head = Head(self.detail, self._act, self.acts, linked=linked)
        self.said = SaidOf(experiment_id, self.detail.notes, lambda: pn.state.execute(self.refresh))
        self.curves = LiveCurves(
            experiment_id,
            self.detail.best_epoch,
            self.detail.row.epochs_total or 0,
            is_active=self.is_active,
            is_ours=self.detail.spec is not None,
        )
        self._following: list[ConfusionView | CellWindows] = []
        self._results, self._ground = stack(), stack()
        self._show_results()

    @property
    def is_active(self) -> bool:
        """Whether more may still come: it waits, runs or is paused."""
        return self.detail.row.status in ACTIVE

    def refresh(self) -> None:
        """Read and show what changed."""
        self._show(*self._read())

    async def poll(self) -> None:
        """Read in a thread, then show on the loop, where a document may be changed."""
        self._show(*await asyncio.to_thread(self._read))

    def close(self) -> None:
        """Stop following the page's state."""
        for view in self._following:
            view.close()
        self._following = []

    def __panel__(self) -> pn.viewable.Viewable:
        curves = card(self.curves, title="Learning curves", actions=(self._curves_export(),))
        return stack(card(self.head), self.acts.place, self.said, curves, self._results, self._ground)

    def _read(self) -> tuple[ExperimentDetail, pd.DataFrame]:
        # The detail first: a run that ends in between is then read once more, and its last epochs with it.
        return self._read_detail(), self.curves.read()

    def _read_detail(self) -> ExperimentDetail:
        with read_scope() as session:
            return get_experiment_detail(session, self.experiment_id)

    def _show(self, detail: ExperimentDetail, written: pd.DataFrame) -> None:
        changed = _without_progress(detail) != _without_progress(self.detail)
        self.detail = detail
        self.curves.show(written, detail.best_epoch, is_active=self.is_active)
        self.head.show(detail, epoch_s=self.curves.epoch_s)
        self.acts.show(detail)
        self.said.show(detail.notes)
        if changed:
            self._show_results()

    def _show_results(self) -> None:
        detail = self.detail
        self.close()
        # In one child: Bokeh puts children into the layout one by one as each is built, and a curve that lays
        # out the page while the next is being built would measure a matrix that has no layout yet.
        self._results.objects = [stack(*self._result_views())]
        asked = [spec_card(detail)] if detail.evaluation else [split_card(detail), spec_card(detail)]
        self._ground.objects = [
            grid(
                (stack(*asked), 6),
                (stack(files_card(detail), provenance_card(detail), self._elsewhere()), 6),
            )
        ]

    def _result_views(self) -> list[Any]:
        evaluation = self.detail.evaluation
        if evaluation is None and self.detail.spec is None:
            # A test side that this program looks at is part of its own trainings only.
            return [pn.Spacer(height=0, margin=0)]
        if evaluation is None:
            words = NO_RESULT.get(self.detail.row.status, NO_RESULT["running"])
            return [card(text(words, "muted"), title="Confusion matrix and scores")]
        matrix = ConfusionView(evaluation, self._state)
        windows = CellWindows(
            self.experiment_id,
            evaluation.classes,
            self._state,
            self._place_of,
            self._open,
            linked=self._linked,
        )
        self._following = [matrix, windows]
        return [
            grid(
                (card(matrix, title="Confusion matrix", actions=(self._predictions_export(),)), 7),
                (stack(per_class_card(evaluation), split_card(self.detail)), 5),
            ),
            pn.Column(windows, sizing_mode="stretch_width", margin=0),
        ]

    def _place_of(self, window: pd.Series) -> dict[str, Any]:
        return {
            "dataset": self.detail.row.dataset,
            "signal": int(window["signal"]),
            "start": round(float(window["start_s"]), 6),
            "stop": round(float(window["stop_s"]), 6),
        }

    def _act(self, name: str) -> None:
        actor = current_actor()
        try:
            with session_scope() as session:
                if name == "cancel":
                    cancel_run(session, actor, JobKind.TRAINING, self.experiment_id)
                else:
                    act = {"pause": pause_experiment, "resume": resume_experiment}[name]
                    act(session, actor, self.experiment_id)
        finally:  # a refused act is told, and the buttons then fit what is stored
            pn.state.execute(self.refresh)

    def _curves_export(self) -> pn.Row:
        def read_epochs() -> pd.DataFrame:
            with read_scope() as session:
                return epochs_after(session, [self.experiment_id])[0]

        return export(read_epochs, f"experiment-{self.experiment_id}-epochs")

    def _predictions_export(self) -> pn.Row:
        def read_predictions() -> pd.DataFrame:
            with read_scope() as session:
                return list_predictions(session, self.experiment_id)

        return export(read_predictions, f"experiment-{self.experiment_id}-predictions")

    def _elsewhere(self) -> pn.Column:
        spec, python = self.detail.spec, copy_python(lambda: experiment_snippet(self.experiment_id))
        if spec is None:
            return card(python, title="Elsewhere")
        beyond = beyond_command(spec)
        but = f"; it has no option for this run’s {', '.join(beyond)}" if beyond else ""
        return card(
            text(f"The same run again, from a shell{but}", "caption"),
            text(train_command(spec), "command", margin=(6, 0, 8, 0)),
            python,
            title="Elsewhere",
        )


def _without_progress(detail: ExperimentDetail) -> tuple[Any, ...]:
    """Return what the cards below the curves show."""
    return (
        detail.row.status,
        detail.evaluation,
        detail.audit,
        detail.provenance,
        detail.findings,
        detail.artifacts,
        detail.metrics,
    )
