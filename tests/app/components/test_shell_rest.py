"""A shell that waits for a visitor looks at nothing, and shows what is stored when it is woken."""

from typing import Any

import panel as pn
import pytest

from app.components.page import PageView
from app.components.shell import RunningJob, Shell


class Diary(PageView):
    """A page that notes when it is seen; `broken` is whether it can be made."""

    title, path, icon = "Diary", "/diary", "book"
    notes: list[str] = []  # noqa: RUF012 - emptied by the fixture
    broken = False

    def __init__(self, **params: Any) -> None:
        if self.broken:
            raise OSError("the disk is away")
        super().__init__(**params)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column()

    def on_show(self) -> None:
        self.notes.append("shown")

    def on_hide(self) -> None:
        self.notes.append("hidden")


@pytest.fixture(autouse=True)
def empty_diary() -> None:
    Diary.notes.clear()


def test_shell_at_rest_follows_nothing_until_it_is_woken() -> None:
    jobs: list[RunningJob] = []
    shell = Shell((Diary,), lambda: jobs)
    shell.navigate("/diary")
    shell.rest()
    assert Diary.notes == ["shown", "hidden"]
    jobs.append(RunningJob("Training", 0.5, "/diary"))
    shell.wake()
    assert Diary.notes == ["shown", "hidden", "shown"]
    assert [job["title"] for job in shell.header.jobs] == ["Training"]
    assert shell.header.address == {"url": "/diary", "push": False}
    assert shell.header.title == "Diary"


def test_page_that_could_not_be_made_is_made_when_the_shell_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell((Diary,), list)
    monkeypatch.setattr(Diary, "broken", True)
    shell.navigate("/diary")
    shell.rest()
    assert Diary.notes == []
    monkeypatch.setattr(Diary, "broken", False)
    shell.wake()
    assert Diary.notes == ["shown"]
