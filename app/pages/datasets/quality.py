"""What was found wrong with the recordings of a data set."""

from html import escape
from typing import Any

import panel as pn

from app.components.card import card
from app.components.line_list import Column, line_list
from app.components.place_link import place_html
from app.components.safe_text import text
from core.queries.dataset_features import Measurement
from core.queries.dataset_quality import CHECKS

COLUMNS = (Column("finding, and the worst of it", "minmax(0, 1fr)"), Column("signals", "110px", "number"))


def quality_card(kept: Measurement, *, linked: bool) -> pn.Column:
    """Show each finding with how many signals have it and the worst of them, or that nothing was found."""
    quality = kept.results["quality"]
    found = {finding["kind"] for finding in quality["findings"]}
    clear = ", ".join(check.title.lower() for kind, check in CHECKS.items() if kind not in found)
    checked = f"{quality['checked']:,} signals checked"
    if not found:
        return card(text(f"Nothing found, {checked} for: {clear}.", "muted"), title="Quality")
    lines = [_line(finding, quality["checked"], linked=linked) for finding in quality["findings"]]
    told = text(f"{checked}; not found: {clear}.", "caption", margin=(8, 0, 0, 0))
    return card(line_list(COLUMNS, lines, ""), told, title="Quality")


def _line(finding: dict[str, Any], checked: int, *, linked: bool) -> tuple[tuple[str, str], str]:
    check, (signal_id, name, what) = CHECKS[finding["kind"]], finding["signals"][0]
    worst = place_html(name, "/signals", linked=linked, signal=signal_id)
    found = f"{worst}: {escape(what)}" if what else worst
    return (check.title, f"{finding['count']:,} of {checked:,}"), f"{escape(check.definition)} · {found}"
