"""A network of cells as blocks in a row, in the order of the signal."""

from html import escape

import panel as pn

from app.components.safe_text import markup
from app.theme import MONO, css_variable
from core.network_specs import CellsOptions
from core.network_specs.options import CellOptions

_KINDS = {"conv": "convolution", "separable": "separable", "dilated": "dilated", "multiscale": "multiscale"}
_ATTENTION = {"squeeze": "squeeze attention", "self": "self-attention"}
_POOLING = {"max": "max pooling, half the steps", "mean": "mean pooling, half the steps"}
_STYLE = f"""
.blocks {{ display: flex; flex-wrap: wrap; align-items: stretch; gap: 8px 0; margin: 0; padding: 0;
  list-style: none; }}
.blocks > li {{ display: flex; align-items: center; }}
.blocks > li:not(:last-child)::after {{ content: "→"; color: {css_variable("muted")}; padding: 0 8px; }}
.block {{ box-sizing: border-box; min-width: 132px; height: 100%; padding: 8px 12px; border-radius: 6px;
  border: 1px solid {css_variable("border")}; background: {css_variable("raised")};
  color: {css_variable("text")}; font-size: 13px; }}
.block.cell {{ border-left: 3px solid {css_variable("accent")}; }}
.name {{ font-size: 12px; color: {css_variable("muted")}; }}
.what {{ font-weight: 600; }}
.size {{ font: 12px/1.6 {MONO}; white-space: nowrap; }}
.more {{ font-size: 12px; }}
"""


def architecture_blocks(options: CellsOptions, num_classes: int | None = None) -> pn.pane.HTML:
    """Show stem, cells and head of an architecture as they were written, with what each is made of."""
    stem = options.stem
    first = _block(
        "stem", "convolution", [f"kernel {stem.kernel}, stride {stem.stride}", f"width {stem.width}"]
    )
    cells = [_cell(number, cell) for number, cell in enumerate(options.cells, 1)]
    dropout = [f"dropout {options.dropout:g}"] if options.dropout else []
    outputs = [] if num_classes is None else [f"{num_classes} classes"]
    last = _block("head", "mean over time, dense", outputs, dropout)
    items = "".join(f"<li>{block}</li>" for block in (first, *cells, last))
    return markup(f'<ol class="blocks">{items}</ol>', style=_STYLE, sizing_mode="stretch_width")


def _cell(number: int, cell: CellOptions) -> str:
    layers = "1 layer" if cell.depth == 1 else f"{cell.depth} layers"
    more = ["shortcut beside it"] if cell.residual else []
    more += [words[kind] for words, kind in ((_ATTENTION, cell.attention), (_POOLING, cell.pooling))
             if kind in words]  # fmt: skip
    sizes = [f"kernel {cell.kernel}", f"width {cell.width}", layers]
    return _block(f"cell {number}", _KINDS[cell.kind], sizes, more, look="cell")


def _block(name: str, what: str, sizes: list[str], more: list[str] | None = None, look: str = "") -> str:
    lines = "".join(f'<div class="size">{escape(line)}</div>' for line in sizes)
    lines += "".join(f'<div class="more">{escape(line)}</div>' for line in more or ())
    return (
        f'<div class="block {look}"><div class="name">{escape(name)}</div>'
        f'<div class="what">{escape(what)}</div>{lines}</div>'
    )
