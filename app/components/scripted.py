"""Components with scripts of their own: a served page has all in one file, a notebook each in its cell."""

import hashlib
import re
from pathlib import Path
from typing import Any

from bokeh.document import Document
from panel.custom import JSComponent

from app.theme import css_variable

HERE = Path(__file__).parent
SHARED = "parts"
ADDRESS = "brinell_scripts"  # the variable of a served document that says where all scripts are
_EXPORT = "export function render("
_TOKEN = re.compile(r"var\(--br-([a-z-]+)\)")


def script(*names: str) -> str:
    """Return these scripts as one module; the last of them draws."""
    return "\n".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in names)


def all_scripts() -> str:
    """Return the scripts of all components as one module, which exports each under the name of its class."""
    names = sorted(path.stem for path in HERE.glob("*.js") if path.stem != SHARED)
    classes = {name: name.title().replace("_", "") for name in names}
    drawn = [f"const {classes[name]} = (() => {{\n{_inner(name)}\nreturn {{render}}\n}})()" for name in names]
    return "\n".join([script(SHARED), *drawn, f"export default {{{', '.join(classes.values())}}}\n"])


def _inner(name: str) -> str:
    return script(name).replace(_EXPORT, _EXPORT.removeprefix("export "))


def style_sheet(*names: str) -> str:
    """Return these style sheets as one, colours with what a notebook has in their place."""
    sheets = "\n".join((HERE / f"{name}.css").read_text(encoding="utf-8") for name in names)
    return _TOKEN.sub(lambda found: css_variable(found[1].replace("-", "_")), sheets)


class Scripted(JSComponent):
    """A component whose script is what browsers run: Panel need not translate it at each visit."""

    __abstract = True

    def _get_properties(self, doc: Document | None) -> dict[str, Any]:
        properties = super()._get_properties(doc)
        address = doc.template_variables.get(ADDRESS) if doc is not None else None
        if address is not None:
            return properties | {"bundle": "url", "esm": address}
        return properties | {"bundle": hashlib.sha256(properties["esm"].encode()).hexdigest()}
