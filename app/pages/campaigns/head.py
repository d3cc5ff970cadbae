"""What one campaign is and how far: name, state, figures, and whether going on is worth it."""

from typing import Any

import panel as pn

from app.components.campaign_title import campaign_title
from app.components.progress import progress
from app.components.safe_text import text
from app.components.stat import stat, stat_line
from app.components.words import moment, span
from app.pages.campaigns.acts import CampaignActs
from app.pages.campaigns.reading import ACTIVE, Campaign, amount, grade_words
from core.clock import utc_now
from core.evaluation.campaigns.noise import find_repeats, measure_noise
from core.evaluation.campaigns.stopping import Outlook, judge_outlook
from core.queries.campaigns.rows import CampaignRow

MOST_KEPT = 64
NOISE_SOURCES = {
    "repeats": "measured on {n} values of trials alike in all but their seed",
    "last epochs": "of the best trial’s last {n} epochs",
    "model": "as the model of the values has it",
}


class Head(pn.viewable.Viewer):
    """The headline of one campaign, brought up to date in place."""

    def __init__(self, campaign: Campaign, acts: CampaignActs) -> None:
        super().__init__()
        self.acts = acts
        self._title = _title(
            campaign.row, sizing_mode="stretch_width", styles={"flex": "1 1 320px", "min-width": "0"}
        )
        self._figures = stat_line(*_figures(campaign))
        self._about = text(_about(campaign.row), "caption")
        self._progress = progress(None, "", margin=(12, 0, 0, 0))
        self.outlook = text("Whether to stop now: judging …", "muted", margin=(0, 0, 8, 0))
        self._shown: Campaign | None = None
        self.show(campaign)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            pn.FlexBox(
                self._title, self.acts, gap="8px 16px", margin=(0, 0, 12, 0), sizing_mode="stretch_width"
            ),
            self._figures,
            self.outlook,
            self._about,
            self._progress,
            sizing_mode="stretch_width",
            margin=0,
        )

    def show(self, campaign: Campaign) -> None:
        """Bring the headline up to date; what did not change is left alone."""
        before, self._shown = self._shown, campaign
        row = campaign.row
        if before is None or before.row != row:
            self._title.object = _title(row).object
            self._figures.object = stat_line(*_figures(campaign)).object
            self._about.object = text(_about(row), "caption").object
            self.acts.show(row)
        self._progress.visible = row.status in ACTIVE
        if self._progress.visible:
            self._progress.object = _progress(row).object

    def show_outlook(self, outlook: Outlook, campaign: Campaign) -> None:
        """Say what the next trial may gain."""
        self.outlook.object = text(tell_outlook(outlook, campaign), "muted").object


def _title(row: CampaignRow, **params: Any) -> pn.pane.HTML:
    return campaign_title(f"campaign {row.id}", row.name, row.status, row.error_message, **params)


def _figures(campaign: Campaign) -> list[pn.pane.HTML]:
    row = campaign.row
    total = "" if row.trials_total is None else f" / {row.trials_total:,}"
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(row.counts.items()))
    figures = [stat(f"{row.trials_done:,}{total}", f"trials: {states}" if states else "trials")]
    if row.best_value is not None:
        grade = grade_words(row.best_grade)
        told = f"best {row.metric} on validation, experiment {row.best_experiment_id}"
        figures.insert(
            0,
            stat(
                amount(row.metric, row.best_value),
                f"{told} ({grade})" if grade else told,
                caution=row.best_grade in {"windows of one record", "bearing"},
            ),
        )
    return [*figures, stat(f"{row.epochs:,}", "epochs trained"), stat(span(row.spent_s), "at work")]


def _about(row: CampaignRow) -> str:
    words = (
        f"{row.method.replace('_', ' ')} of {row.model} on {row.dataset}",
        row.owner,
        f"{moment(row.created_at)} UTC",
        *row.findings,
    )
    return " · ".join(words)


def _progress(row: CampaignRow) -> pn.pane.HTML:
    doing = {"pending": "waits for a worker", "paused": "paused", "running": "runs"}[row.status]
    fraction = row.trials_done / row.trials_total if row.trials_total else None
    remaining = ""
    if row.status == "running" and row.started_at is not None:
        elapsed = (utc_now() - row.started_at).total_seconds()
        remaining = f"{span(elapsed)} since it began"
        if fraction and row.spent_s:
            remaining += f", about {span(row.spent_s * (1 - fraction) / fraction)} left"
    return progress(fraction, doing, remaining)


_outlooks: dict[tuple[Any, ...], Outlook] = {}  # of campaigns as they stood, the last ones judged


def compute_outlook(campaign: Campaign) -> Outlook:
    """Judge what the next trial may gain, from trials trained to their end; takes seconds, and is kept."""
    row = campaign.row
    key = (row.id, row.created_at, row.trials_done, row.epochs)
    if key not in _outlooks:
        judged = _judge(campaign)
        if len(_outlooks) >= MOST_KEPT:
            _outlooks.clear()
        _outlooks[key] = judged
    return _outlooks[key]


def _judge(campaign: Campaign) -> Outlook:
    trials = campaign.trials
    repeats = find_repeats(trials.parameters, campaign.final)
    best = _best_trial(campaign)
    last = [] if best is None else campaign.reports.value[campaign.reports.trial == best]
    noise = measure_noise(repeats, last)
    if noise is not None and noise.deviation == 0:
        noise = None  # a metric at its end does not move, which says nothing of a trial's noise
    return judge_outlook(
        trials.parameters,
        campaign.final,
        campaign.direction,
        domains=campaign.domains,
        noise=noise,
    )


def _best_trial(campaign: Campaign) -> int | None:
    trace = campaign.trace("trials")
    holder = int(trace.best_trial[-1]) if len(trace.best_trial) else -1
    return None if holder < 0 else int(campaign.trials.number[holder])


def tell_outlook(outlook: Outlook, campaign: Campaign) -> str:
    """Say in one sentence whether going on is worth it, and what the answer stands on."""
    if outlook.reason or outlook.expected is None or outlook.noise is None:
        return f"Stop now? Not told, of trials trained to their end: {outlook.reason or 'none has a value'}."
    metric, noise = campaign.row.metric, outlook.noise
    source = NOISE_SOURCES[noise.source].format(n=noise.n)
    advice = {
        "little is left": "Stop now? Yes, little is left",
        "some is left": "Stop now? Not yet, some is left",
        "much is left": "Stop now? No, much is left",
    }[outlook.word]
    return (
        f"{advice}: the next trial is expected to gain {_points(metric, outlook.expected)}, beside a noise "
        f"of {_points(metric, noise.deviation)} ({source}); from {outlook.num_used} of {outlook.num_trials} "
        "trials trained to their end."
    )


def _points(metric: str, value: float) -> str:
    return (
        amount(metric, value).replace(" %", " points") if amount(metric, 1.0) == "100.0 %" else f"{value:.3g}"
    )
