"""The answer to an address where nothing is kept."""

from collections.abc import Sequence
from html import escape

from fastapi.responses import HTMLResponse

from app.theme import SANS, css_variables

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>No such page · Brinell</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>{variables}
body {{ font: 14px/1.5 {sans}; margin: 48px 24px; color: var(--br-text); background: var(--br-background); }}
h1 {{ font-size: 20px; margin: 0 0 4px; }} p {{ color: var(--br-muted); margin: 0 0 16px; }}
a {{ color: var(--br-accent); margin-right: 16px; }}</style></head>
<body><h1>No such page</h1><p>Nothing is kept at <code>{path}</code>. The address may be misspelt,
or the page was removed.</p><nav>{links}</nav></body></html>
"""


def missing_page(path: str, pages: Sequence[tuple[str, str]]) -> HTMLResponse:
    """Say that `path` leads nowhere, with links to the (title, path) that do."""
    links = "".join(f'<a href="{escape(target)}">{escape(title)}</a>' for title, target in pages)
    page = _PAGE.format(variables=css_variables(), sans=SANS, path=escape(path), links=links)
    return HTMLResponse(page, status_code=404)
