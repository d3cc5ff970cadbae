"""Every figure that a page shows comes from stored data."""

import ast

from core.settings import PROJECT_ROOT

RANDOM = {"random", "default_rng", "RandomState", "randn", "randint", "normal", "uniform"}


def random_names(source: str) -> set[str]:
    """Return the sources of random numbers that `source` names; `secrets` makes ids, not figures."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {part for alias in node.names for part in alias.name.split(".")}
        elif isinstance(node, ast.ImportFrom):
            names |= {*(node.module or "").split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    return names & RANDOM


def test_random_number_is_seen() -> None:
    assert random_names("import numpy as np\nnp.random.default_rng(0)") == {"random", "default_rng"}
    assert random_names("from random import choice") == {"random"}


def test_app_shows_no_random_number() -> None:
    files = sorted((PROJECT_ROOT / "app").rglob("*.py"))
    found = {str(path): random_names(path.read_text(encoding="utf-8")) for path in files}
    assert {path: names for path, names in found.items() if names} == {}
