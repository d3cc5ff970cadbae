"""What one experiment is called, how it stands, and what its figures stand on."""

from dataclasses import dataclass
from html import escape
from typing import Any

import panel as pn

from app.components.place_link import place_html
from app.components.safe_text import markup
from app.components.state_badge import BADGE_STYLE, badge_html
from app.components.warning import CAUTION_INK, WARNING_STYLE, warning_html
from app.components.words import may_share_bearings, unbroken
from app.theme import MONO, css_variable

_STYLE = f"""
{BADGE_STYLE} {WARNING_STYLE}
.name {{ display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; }}
.name .title {{ overflow-wrap: anywhere; }}
.number {{ font: 13px {MONO}; color: {css_variable("muted")}; }}
.stands {{ display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; }}
.stands .caution {{ color: {CAUTION_INK}; }}
.reason {{ margin-top: 12px; padding: 8px 12px; border-radius: 6px; white-space: pre-line;
  overflow-wrap: anywhere; border: 1px solid {css_variable("failed")}; color: {css_variable("failed")}; }}
"""


@dataclass(frozen=True, slots=True)
class TrialLine:
    """Which trial an experiment is, and where its search is shown."""

    told: str  # trial 3, pruned
    campaign: str
    path: str
    campaign_id: int
    is_linked: bool


def experiment_title(
    name: str, status: str, number: int, reason: str | None = None, **params: Any
) -> pn.pane.HTML:
    """Show name, state and number, and why the run failed where it did."""
    told = f'<div class="reason" role="alert">{escape(reason)}</div>' if reason else ""
    return markup(
        f'<div class="name"><span class="title">{escape(name)}</span>{badge_html(status)}'
        f'<span class="number">experiment {number}</span></div>{told}',
        style=_STYLE,
        **params,
    )


def experiment_grounds(
    split: str,
    shared: str,
    about: str,
    notes: str | None = None,
    *,
    leaks: bool,
    trial: TrialLine | None = None,
    **params: Any,
) -> pn.pane.HTML:
    """Show the split, what its sides share, and what else is known; a split that leaks is warned of."""
    judged = warning_html(f"{shared} on both sides") if leaks else _shared_html(shared)
    below = f'<div class="text muted">{escape(notes)}</div>' if notes else ""
    return markup(
        f'<div class="stands">{f"<span>split {escape(split)}</span>" if split else ""}{judged}'
        f'<span class="muted">{escape(about)}</span></div>{_trial_html(trial)}{below}',
        style=_STYLE,
        **params,
    )


def _trial_html(trial: TrialLine | None) -> str:
    if trial is None:
        return ""
    place = place_html(trial.campaign, trial.path, linked=trial.is_linked, campaign=trial.campaign_id)
    return f'<div class="text muted">{escape(trial.told)} of {place}</div>'


def _shared_html(shared: str) -> str:
    look = ' class="caution"' if may_share_bearings(shared) else ""
    return f"<span{look}>{escape(unbroken(shared))}</span>"
