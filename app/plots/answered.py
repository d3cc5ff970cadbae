"""A gesture is painted once, with what the server answers, where the answer comes soon."""

from pathlib import Path

from bokeh.models import ColumnDataSource, CustomJS
from bokeh.plotting import figure

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
PATIENCE_MS = 30  # two frames: an answer from afar comes later, and the old picture moves until then


def paint_when_answered(plot: figure, source: ColumnDataSource) -> None:
    """Hold the painting of a moved range until `source` has what it shows, or for two frames."""
    words = {"plot": plot, "source": source, "patience_ms": PATIENCE_MS}
    script = CustomJS(args=words, code=SCRIPT)
    for end in ("start", "end"):
        plot.x_range.js_on_change(end, script)
    source.js_on_change("data", script)
