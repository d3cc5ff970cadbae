"""What one search over architectures is and how far: name, state, figures, and what repeats it avoided."""

from typing import Any

import panel as pn

from app.components.campaign_title import campaign_title
from app.components.progress import progress
from app.components.safe_text import text
from app.components.stat import stat, stat_line
from app.components.words import moment, span
from app.pages.architectures.acts import ArchitectureActs
from app.pages.architectures.reading import ACTIVE, GRADES, WEAK, ArchitectureSearch, amount
from core.clock import utc_now
from core.queries.architectures.rows import ArchitectureCampaignRow


class Head(pn.viewable.Viewer):
    """The headline of one search, brought up to date in place."""

    def __init__(self, search: ArchitectureSearch, acts: ArchitectureActs) -> None:
        super().__init__()
        self.acts = acts
        self._title = _title(
            search.row, sizing_mode="stretch_width", styles={"flex": "1 1 320px", "min-width": "0"}
        )
        self._figures = stat_line(*_figures(search.row))
        self.avoided = text(tell_avoided(search.row), "muted", margin=(0, 0, 8, 0))
        self._about = text(_about(search.row), "caption")
        self._progress = progress(None, "", margin=(12, 0, 0, 0))
        self._shown: ArchitectureCampaignRow | None = None
        self.show(search)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            pn.FlexBox(
                self._title, self.acts, gap="8px 16px", margin=(0, 0, 12, 0), sizing_mode="stretch_width"
            ),
            self._figures,
            self.avoided,
            self._about,
            self._progress,
            sizing_mode="stretch_width",
            margin=0,
        )

    def show(self, search: ArchitectureSearch) -> None:
        """Bring the headline up to date; what did not change is left alone."""
        before, self._shown = self._shown, search.row
        row = search.row
        if before != row:
            self._title.object = _title(row).object
            self._figures.object = stat_line(*_figures(row)).object
            self.avoided.object = text(tell_avoided(row), "muted").object
            self._about.object = text(_about(row), "caption").object
            self.acts.show(row)
        self._progress.visible = row.status in ACTIVE
        if self._progress.visible:
            self._progress.object = _progress(row).object


def tell_avoided(row: ArchitectureCampaignRow) -> str:
    """Say how many architectures were drawn that had been trained already."""
    if not row.counts:
        return "No architecture has been drawn yet."
    if not row.num_avoided:
        return "Duplicates avoided: 0. Every architecture drawn was another network than those before it."
    drawn = "architecture was" if row.num_avoided == 1 else "architectures were"
    return (
        f"Duplicates avoided: {row.num_avoided:,}. So many {drawn} drawn that build a network trained "
        "already, and drawn again; they cost no trial."
    )


def _title(row: ArchitectureCampaignRow, **params: Any) -> pn.pane.HTML:
    return campaign_title(f"search {row.id}", row.name, row.status, row.error_message, **params)


def _figures(row: ArchitectureCampaignRow) -> list[pn.pane.HTML]:
    total = "" if row.trials_total is None else f" / {row.trials_total:,}"
    states = ", ".join(f"{number:,} {state}" for state, number in sorted(row.counts.items()))
    figures = [stat(f"{row.trials_done:,}{total}", f"trials: {states}" if states else "trials")]
    if row.best_value is not None:
        grade = GRADES.get(row.best_grade or "", "")
        told = f"best {row.metric} on validation, trial {row.best_trial}"
        best = amount(row.metric, row.best_value)
        figures.insert(0, stat(best, f"{told} ({grade})" if grade else told, caution=row.best_grade in WEAK))
    return [*figures, stat(f"{row.epochs:,}", "epochs trained"), stat(span(row.spent_s), "at work")]


def _about(row: ArchitectureCampaignRow) -> str:
    words = (
        f"{row.method} of networks of cells on {row.dataset}",
        row.owner,
        f"{moment(row.created_at)} UTC",
        *row.findings,
    )
    return " · ".join(words)


def _progress(row: ArchitectureCampaignRow) -> pn.pane.HTML:
    doing = {"pending": "waits for a worker", "paused": "paused", "running": "runs"}[row.status]
    fraction = row.trials_done / row.trials_total if row.trials_total else None
    if row.status != "running" or row.started_at is None:
        return progress(fraction, doing)
    elapsed = f"{span((utc_now() - row.started_at).total_seconds())} since it began"
    if fraction and row.spent_s:
        elapsed += f", about {span(row.spent_s * (1 - fraction) / fraction)} left"
    return progress(fraction, doing, elapsed)
