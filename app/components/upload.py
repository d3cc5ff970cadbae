"""Files chosen in the browser and sent to the server, with how far they are."""

from collections.abc import Callable
from typing import Any, ClassVar

import param

from app.components.scripted import HERE, Scripted, script


class UploadForm(Scripted):
    """Files, a data set's name and what to do with mixed rates; `on_import` is told the import's id."""

    datasets = param.List(default=[], item_type=str, doc="names of the data sets that are stored")
    room = param.Dict(default={}, doc="used_bytes, quota_bytes, file_bytes and most_files of uploads")

    _esm = script("parts", "upload_form")
    _stylesheets: ClassVar[list[str]] = [(HERE / "upload.css").read_text(encoding="utf-8")]

    def __init__(self, on_import: Callable[[int], None], **params: Any) -> None:
        self._on_import = on_import
        super().__init__(**{"sizing_mode": "stretch_width", "margin": 0} | params)

    def _handle_msg(self, data: dict[str, Any]) -> None:
        self._on_import(int(data["import_id"]))
