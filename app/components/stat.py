"""A number that answers, and what it counts."""

from html import escape
from typing import Any

import panel as pn

from app.components.safe_text import markup
from app.components.warning import CAUTION_INK
from app.theme import css_variable

_STYLE = f"""
.stat {{ display: flex; flex-direction: column; gap: 2px; white-space: nowrap; }}
.number {{ font-size: 24px; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums;
  color: {css_variable("text")}; }}
.stat .caption {{ white-space: normal; }}
.stat .caution {{ color: {CAUTION_INK}; }}
.unit {{ font-size: 14px; font-weight: 400; color: {css_variable("muted")}; margin-left: 3px; }}
"""
# All figures in one line, a long caption in two.
_LINE_STYLE = """
.stats { display: flex; flex-wrap: wrap; gap: 8px 32px; }
.stats > .stat { max-width: 320px; }
"""


def stat(
    number: object, caption: str, *, unit: str = "", caution: bool = False, **params: Any
) -> pn.pane.HTML:
    """Show one number, with its unit, above what it counts; `caution` says that it stands on little."""
    behind = f'<span class="unit">{escape(unit)}</span>' if unit else ""
    return markup(
        f'<div class="stat"><span class="number">{escape(str(number))}{behind}</span>'
        f'<span class="caption{" caution" if caution else ""}">{escape(caption)}</span></div>',
        style=_STYLE,
        **params,
    )


def stat_line(*items: pn.pane.HTML) -> pn.pane.HTML:
    """Set numbers side by side as one part of the page, which is drawn sooner than so many."""
    html = "".join(str(item.object) for item in items)
    line = f'<div class="stats">{html}</div>'
    return markup(line, style=_STYLE + _LINE_STYLE, margin=(0, 0, 16, 0), sizing_mode="stretch_width")


def stats(*items: pn.pane.HTML) -> pn.FlexBox:
    """Set numbers side by side, as a page opens with them."""
    return pn.FlexBox(*items, gap="8px 32px", margin=(0, 0, 16, 0), sizing_mode="stretch_width")
