"""What stands beneath the pointer, in words beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bokeh.models import ColumnDataSource, CustomJS
from bokeh.plotting import figure

from app.theme import css_variable

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
STYLE = (
    "position: absolute; left: 0; top: 0; z-index: 10; pointer-events: none; white-space: pre;"
    " padding: 4px 8px; border-radius: 6px; font: 12px/1.45 system-ui, sans-serif;"
    " font-variant-numeric: tabular-nums;"
    f" border: 1px solid {css_variable('border')}; background: {css_variable('surface')};"
    f" color: {css_variable('text')};"
)
GONE = ("mouseleave", "wheel", "panstart")  # what is told would no longer be beneath the pointer


class Told(NamedTuple):
    """A column that is told: how it is called, its unit, and how many digits it has."""

    column: str
    name: str
    unit: str
    digits: int


def add_readout(plot: figure, source: ColumnDataSource, told: Sequence[Told]) -> None:
    """Tell the point of `source` that is nearest along the first column, which rises."""
    words = {
        "names": [each.name for each in told],
        "units": [each.unit for each in told],
        "digits": [each.digits for each in told],
        "style": STYLE,
    }
    columns = [each.column for each in told]
    script = CustomJS(args={"plot": plot, "source": source, "columns": columns, "words": words}, code=SCRIPT)
    for event in ("mousemove", *GONE):
        plot.js_on_event(event, script)
