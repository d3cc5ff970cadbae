"""What a question can be made of: the tables, questions that are ready, questions that were kept."""

from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet


class QuestionShelf(BrowserPart):
    """Three lists.

    Messages: look(name), insert(text), ready(name), open(id), share(id, shared), delete(id).
    """

    tables = param.List(default=[], item_type=dict, doc="name, sentence and columns of each")
    ready = param.List(default=[], item_type=dict, doc="name, title and sentence of each ready-made question")
    saved = param.List(
        default=[], item_type=dict, doc="id, name, owner, own, shared and uses of each kept one"
    )

    _esm = script("parts", "question_shelf")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "question_shelf")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **{"sizing_mode": "stretch_width"} | params)
