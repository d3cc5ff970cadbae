"""What stands below the curves: one subject at a time, made when it is first seen."""

from typing import Any

import panel as pn

from app.components.card import card
from app.components.grid import stack
from app.components.safe_text import text
from app.pages.compare.reading import Compared

WIDE = 8  # experiments beside each other, beyond which they stand below each other


class Section(pn.viewable.Viewer):
    """A section of the comparison; by itself it stays as it was made."""

    def __init__(self, *views: Any) -> None:
        super().__init__()
        self._content = stack(*views)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    def take(self, compared: Compared) -> None:
        """Bring in what runs have written since, without reading anything more."""

    def redraw(self) -> None:
        """Show what the person chose within the section."""


def lacking(words: object, title: str) -> Section:
    """Return the section that says why there is nothing to show."""
    told = str(words)
    return Section(card(text(f"{told[:1].upper()}{told[1:].rstrip('.')}.", "muted"), title=title))


def bokeh(plot: Any) -> pn.pane.Bokeh:
    """Show a figure as wide as its card."""
    return pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)


def lay_out(
    corner: str, names: list[str], ids: list[int], rows: list[list[str]]
) -> tuple[list[str], list[list[str]]]:
    """Return head and lines of a table of `rows`, one a name, with one cell an experiment.

    Where there are more experiments than fit beside each other, and more than names, they stand below.
    """
    labels = [f"#{each}" for each in ids]
    if len(ids) <= max(WIDE, len(names)):
        return [corner, *labels], [[name, *row] for name, row in zip(names, rows, strict=True)]
    turned = [[label, *cells] for label, *cells in zip(labels, *rows, strict=True)]
    return ["experiment", *names], turned
