"""Text that people wrote becomes markup in one place only."""

import ast
from pathlib import Path

from core.settings import PROJECT_ROOT

RAW = {"HTML", "Markdown", "Str", "Alert", "StaticText", "TooltipIcon", "ChatMessage", "Typography"}
MAKERS = {PROJECT_ROOT / "app" / "components" / "safe_text.py"}


def raw_panes(source: str) -> list[str]:
    """Return the calls in `source` that show a string as live HTML."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls]
    return [name for name in named if name in RAW]


def app_files() -> list[Path]:
    return sorted((PROJECT_ROOT / "app").rglob("*.py"))


def test_raw_pane_is_seen() -> None:
    assert raw_panes("pn.pane.HTML(name)\nMarkdown(note)\ntext(name)") == ["HTML", "Markdown"]


def test_no_raw_pane_outside_the_safe_text_component() -> None:
    found = {
        str(path): raw_panes(path.read_text(encoding="utf-8")) for path in app_files() if path not in MAKERS
    }
    assert {path: panes for path, panes in found.items() if panes} == {}


def makes_markup(source: str) -> bool:
    """Whether `source` takes the maker of markup from the safe-text component."""
    return any(
        isinstance(node, ast.ImportFrom) and any(name.name == "markup" for name in node.names)
        for node in ast.walk(ast.parse(source))
    )


def test_maker_of_markup_is_seen() -> None:
    assert makes_markup("from app.components.safe_text import markup, text")
    assert not makes_markup("from app.components.safe_text import text")


def test_pages_make_no_markup() -> None:
    components = PROJECT_ROOT / "app" / "components"
    outside = [path for path in app_files() if components not in path.parents]
    assert [str(path) for path in outside if makes_markup(path.read_text(encoding="utf-8"))] == []
