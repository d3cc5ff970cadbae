"""What one experiment is and how good: name, state, figures, what they stand on, and what may be done."""

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.components.experiment_headline import TrialLine, experiment_grounds, experiment_title
from app.components.progress import progress
from app.components.safe_text import text
from app.components.stat import stat, stats
from app.components.words import ABSENT, SAME_RECORD, moment, share, span
from core.clock import utc_now
from core.queries.experiments import ExperimentDetail
from core.services.jobs import HEARTBEAT_S

MOST_FIGURES = 7
ACTIVE = frozenset({"pending", "running", "paused"})


class Head(pn.viewable.Viewer):
    """The headline of one experiment; `act` is told "pause", "resume" or "cancel", `more` stands beside."""

    def __init__(
        self, detail: ExperimentDetail, act: Callable[[str], None], *more: Any, linked: bool = True
    ) -> None:
        super().__init__()
        self._act, self._more, self._linked = act, more, linked
        self._title = _title(
            detail, sizing_mode="stretch_width", styles={"flex": "1 1 320px", "min-width": "0"}
        )
        self._figures = [stat("", "") for _ in range(MOST_FIGURES)]
        self._stands = _grounds(detail, linked=linked, sizing_mode="stretch_width")
        self._progress = progress(None, "", margin=(12, 0, 0, 0))
        self._question = text("")
        self.pause = self._button("Pause", "pause", lambda: act("pause"))
        self.resume = self._button("Resume", "play_arrow", lambda: act("resume"))
        self.cancel = self._button("Cancel", "close", self._ask)
        self.confirm = pmui.Button(label="Cancel it", color="error", variant="contained", size="small")
        self.confirm.on_click(lambda _: self._confirmed())
        keep = pmui.Button(label="Keep it", variant="outlined", size="small")
        keep.on_click(lambda _: self.dialog.param.update(open=False))
        self.dialog = pmui.Dialog(
            self._question, pn.Row(self.confirm, keep, margin=(16, 0, 0, 0)), title="Cancel this experiment?"
        )
        self.dialog.title_variant = "h6"
        self._shown: ExperimentDetail | None = None
        self.show(detail, epoch_s=None)

    def show(self, detail: ExperimentDetail, *, epoch_s: float | None) -> None:
        """Bring the headline up to date; what did not change is left alone."""
        if detail != self._shown:
            self._shown = detail
            self._title.object = _title(detail).object
            self._stands.object = _grounds(detail, linked=self._linked).object
            self._show_figures(_figures(detail))
            self._allow(detail)
            self._question.object = text(_question(detail)).object
        self._progress.visible = detail.row.status in ACTIVE
        if self._progress.visible:
            self._progress.object = _progress(detail, epoch_s).object

    def __panel__(self) -> pn.viewable.Viewable:
        buttons = pn.Row(self.pause, self.resume, self.cancel, *self._more, margin=0)
        return pn.Column(
            pn.FlexBox(
                self._title, buttons, gap="8px 16px", margin=(0, 0, 12, 0), sizing_mode="stretch_width"
            ),
            stats(*self._figures),
            self._stands,
            self._progress,
            self.dialog,
            sizing_mode="stretch_width",
            margin=0,
        )

    def _show_figures(self, figures: list[pn.pane.HTML]) -> None:
        """Write into the panes that stand, so that nothing blinks while a run moves them."""
        for place, pane in enumerate(self._figures):
            pane.visible = place < len(figures)
            if pane.visible:
                pane.object = figures[place].object

    @staticmethod
    def _button(label: str, icon: str, act: Callable[[], None]) -> pmui.Button:
        button = pmui.Button(label=label, icon=icon, variant="outlined", size="small", margin=(0, 0, 0, 8))
        button.on_click(lambda _: act())
        return button

    def _allow(self, detail: ExperimentDetail) -> None:
        # What runs elsewhere hears of none of them, and a trial rests and goes on with its search.
        status, is_ours = detail.row.status, detail.spec is not None
        is_alone = is_ours and detail.trial is None
        self.pause.visible = is_alone and status in {"pending", "running"}
        self.resume.visible = is_alone and status in {"paused", "failed"}
        self.cancel.visible = is_ours and status in ACTIVE
        if status not in ACTIVE:
            self.dialog.open = False

    def _ask(self) -> None:
        self.dialog.open = True

    def _confirmed(self) -> None:
        self.dialog.open = False
        self._act("cancel")


def _title(detail: ExperimentDetail, **params: Any) -> pn.pane.HTML:
    row = detail.row
    return experiment_title(row.name, row.status, row.id, detail.error_message, **params)


def _grounds(detail: ExperimentDetail, *, linked: bool, **params: Any) -> pn.pane.HTML:
    row = detail.row
    waits = "the leakage audit is made when the run starts"
    shared = row.audit or (waits if row.status in ACTIVE else "it ended before the leakage audit was made")
    about = f"{row.model} on {row.dataset} · {row.owner or 'unknown'} · {moment(row.created_at)} UTC"
    if detail.spec is None:
        about, shared = f"source: {row.source} · {about}", row.audit or "not audited"
    leaking = (detail.audit or {}).get("grade") == SAME_RECORD
    return experiment_grounds(
        row.split, shared, about, leaks=leaking, trial=_trial(detail, linked=linked), **params
    )


def _trial(detail: ExperimentDetail, *, linked: bool) -> TrialLine | None:
    trial = detail.trial
    if trial is None:
        return None
    path = "/campaigns" if trial.search == "hpo" else "/architectures"
    return TrialLine(f"trial {trial.number}, {trial.state},", trial.campaign, path, trial.campaign_id, linked)


def _figures(detail: ExperimentDetail) -> list[pn.pane.HTML]:
    row, metrics = detail.row, detail.metrics
    best = f"best epoch {detail.best_epoch}" if detail.best_epoch else "best epoch so far"
    validation = stat(share(row.val_accuracy), f"of validation windows, {best}")
    if detail.spec is None:
        return _told_figures(detail)
    if row.test_accuracy is None:
        return [validation, stat(_epochs(detail), "epochs")]
    return [
        stat(share(row.test_accuracy), f"of test windows, n = {metrics.get('test_windows', 0):,}"),
        stat(share(row.record_accuracy), f"of test records, n = {metrics.get('test_records', 0):,}"),
        validation,
        stat(_fraction(metrics.get("f1")), "macro F1"),
        stat(_fraction(metrics.get("ece")), "calibration error (ECE)"),
        stat(_epochs(detail), "epochs"),
        stat(span(row.duration_s), "took"),
    ]


def _told_figures(detail: ExperimentDetail) -> list[pn.pane.HTML]:
    """Show of what was not trained here the accuracies that it told, which are of nobody knows how many."""
    row = detail.row
    told = {"test": row.test_accuracy, "records": row.record_accuracy, "validation": row.val_accuracy}
    figures = [
        stat(share(value), f"{name} accuracy, as {row.source}")
        for name, value in told.items()
        if value is not None
    ]
    took = [] if row.duration_s is None else [stat(span(row.duration_s), "took")]
    return [*figures, stat(_epochs(detail), "epochs"), *took]


def _fraction(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3f}"


def _epochs(detail: ExperimentDetail) -> str:
    return f"{detail.row.epochs_done} / {detail.row.epochs_total or ABSENT}"


def _progress(detail: ExperimentDetail, epoch_s: float | None) -> pn.pane.HTML:
    row = detail.row
    doing = {"pending": "waits for a worker", "paused": "paused", "running": "runs"}[row.status]
    if detail.spec is None and row.status != "paused":
        doing = "runs elsewhere"
    if row.status == "paused" and _is_worked_on(detail):
        doing = "pausing after this epoch"
    if row.started_at is not None:
        doing += f" · started {span((utc_now() - row.started_at).total_seconds())} ago"
    if row.status == "running" and detail.worker:
        doing += f" · {detail.worker}"
    if not row.epochs_total:
        return progress(None, doing)
    left = row.epochs_total - row.epochs_done
    remaining = (
        f"about {span(left * epoch_s)} left" if epoch_s is not None and row.status == "running" else ""
    )
    return progress(row.epochs_done / row.epochs_total, doing, remaining)


def _is_worked_on(detail: ExperimentDetail) -> bool:
    """Tell whether a worker still gave a sign of life lately."""
    if detail.worker is None or detail.heartbeat_at is None:
        return False
    return (utc_now() - detail.heartbeat_at).total_seconds() < 2 * HEARTBEAT_S


def _question(detail: ExperimentDetail) -> str:
    paused = detail.row.status == "paused"
    return (
        f"“{detail.row.name}” {'ends' if paused else 'stops after the epoch it is in'} "
        "and cannot be resumed. "
        f"Its {detail.row.epochs_done} epochs and its files stay; no test result is computed. "
        f"To go on later, {'leave it paused' if paused else 'pause it instead'}."
    )
