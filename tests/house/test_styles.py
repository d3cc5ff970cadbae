"""No style sheet sets what Bokeh's canvas would ask for: header_bar.js answers in the style sheets' place."""

from pathlib import Path

from core.settings import PROJECT_ROOT

OURS = [path for kind in ("*.py", "*.css", "*.js") for path in (PROJECT_ROOT / "app").rglob(kind)]


def test_no_style_of_ours_is_meant_for_the_canvas() -> None:
    assert OURS
    asked = "--" + "bk-"
    setting = [path.name for path in OURS if f"{asked}*" not in _text(path) and asked in _text(path)]
    assert setting == []


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
