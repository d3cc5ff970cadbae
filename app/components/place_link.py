"""A link to another place of the application: followed without a reload, and openable in another tab."""

from html import escape
from typing import Any
from urllib.parse import urlencode


def place_html(label: str, path: str, *, linked: bool = True, **query: Any) -> str:
    """Return a link, which header_bar.js follows, as markup; without a shell the label alone."""
    words = escape(label).replace("_", "_<wbr>")  # a long name breaks between its parts
    if not linked:
        return f"<span>{words}</span>"
    address = f"{path}?{urlencode(query)}" if query else path
    return f'<a class="place" href="{escape(address)}">{words}</a>'
