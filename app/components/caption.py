"""A line of words that changes often: unlike text, it has the page laid out no more than it needs."""

from typing import ClassVar

import param

from app.components.scripted import Scripted, script, style_sheet


class Caption(Scripted):
    """Shows its words as they are, small and quiet."""

    words = param.String(default="", allow_refs=True, doc="what is shown")

    _esm = script("parts", "caption")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts")]
