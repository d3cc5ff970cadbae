"""The files that a run left, each to be fetched or read."""

from collections.abc import Sequence
from html import escape
from typing import Protocol

import panel as pn

from app.components.safe_text import markup
from app.components.words import size
from app.theme import css_variable

_STYLE = f"""
.files {{ display: grid; grid-template-columns: minmax(0, 1fr) auto auto; gap: 6px 16px; font-size: 13px;
  font-variant-numeric: tabular-nums; }}
.files > * {{ overflow-wrap: anywhere; }}
.size {{ text-align: right; color: {css_variable("muted")}; white-space: nowrap; }}
"""


class StoredFile(Protocol):
    """What is known of a file."""

    id: str
    kind: str
    name: str
    size_bytes: int
    sha256: str


def file_list(files: Sequence[StoredFile]) -> pn.pane.HTML:
    """Show name, kind and size of each file; a notebook is also offered to be read."""
    rows = "".join(map(_file_html, files))
    return markup(f'<div class="files">{rows}</div>', style=_STYLE, sizing_mode="stretch_width")


def _file_html(file: StoredFile) -> str:
    address = f"/artifacts/{escape(file.id)}"
    view = (
        f'<a href="{address}/view" target="_blank" rel="noopener">read</a>'
        if file.kind == "notebook"
        else f'<span class="size">{escape(file.kind)}</span>'
    )
    return (
        f'<a href="{address}" download title="SHA-256 {escape(file.sha256)}">{escape(file.name)}</a>'
        f'{view}<span class="size">{size(file.size_bytes)}</span>'
    )
