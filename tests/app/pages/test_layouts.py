"""What every page is made of: a layout without anything in it is a mistake to Bokeh, which logs it."""

import panel as pn
import pytest
from bokeh.core.validation import check_integrity

from app.components.shell import RunningJobs, Shell
from app.main import PAGES
from core.storage.database import session_scope
from tests.app.pages.experiment_rows import add_dataset, add_finished, add_running

NOWHERE = ("/nowhere", {})
EMPTY = [
    NOWHERE,
    *((page.path, {}) for page in PAGES),
    ("/experiments", {"experiment": "1"}),
    ("/experiments", {"by": "model"}),
]
COMPARED = [
    ("/compare", {"ids": "1,2", "tab": tab, "group": "model"})
    for tab in ("differences", "scores", "confidence", "parameters", "windows")
]
SHOWN = [("/experiments", {"experiment": number}) for number in ("1", "2")]


def empty_layouts(root: pn.viewable.Viewable) -> list[str]:
    """Return what Bokeh would say of layouts without children."""
    issues = check_integrity(root.get_root().references())
    return [issue.text for issue in issues.warning if issue.name == "EMPTY_LAYOUT"]


def made(path: str, query: dict[str, str]) -> pn.viewable.Viewable:
    """Return the frame around a page."""
    shell = Shell(PAGES, lambda: RunningJobs([], 0))
    shell.start(path, query)
    return shell.__panel__()


def test_empty_layout_would_be_told() -> None:
    assert len(empty_layouts(pn.Column(pn.Row()))) == 1


@pytest.mark.parametrize(("path", "query"), EMPTY)
def test_page_over_an_empty_database_has_no_empty_layout(
    database: str, path: str, query: dict[str, str]
) -> None:
    assert empty_layouts(made(path, query)) == []


@pytest.mark.parametrize(("path", "query"), [*SHOWN, *COMPARED])
def test_page_of_experiments_has_no_empty_layout(database: str, path: str, query: dict[str, str]) -> None:
    with session_scope() as session:
        add_dataset(session)
    add_finished()
    add_running()
    assert empty_layouts(made(path, query)) == []
