"""Home: what is stored, what runs now, what came out last, and what to do next; it keeps itself true."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.dataset_lines import dataset_lines
from app.components.experiment_lines import experiment_lines
from app.components.export import export
from app.components.grid import grid, stack
from app.components.page import PageView
from app.components.safe_text import text
from app.pages.home.parts import list_running, list_steps, show_numbers
from app.pages.home.reading import Snapshot, frame_of, read_experiments, read_snapshot
from app.state.home import HomeState, next_steps
from core.queries.datasets import DatasetRow

POLL_MS = 2000
SNIPPET = """from core.workspace import Workspace

workspace = Workspace()
workspace.datasets()
workspace.experiments()"""


class HomePage(PageView):
    """A live overview; asked anew while it is seen, drawn anew only where something changed."""

    title, path, icon = "Home", "/", "home"
    state_class: ClassVar[type[HomeState]] = HomeState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._drawn: dict[str, Any] = {}
        self._poll: Any = None
        self._seen: Snapshot | None = None
        self._was_hidden = False
        self.parts = {name: _part() for name in ("numbers", "running", "latest", "datasets", "next")}
        self.refresh()

    def __panel__(self) -> pn.viewable.Viewable:
        parts = self.parts
        return pn.Column(
            parts["numbers"],
            grid(
                (
                    stack(
                        card(parts["latest"], title="Latest results"),
                        card(parts["datasets"], title="Data sets"),
                    ),
                    8,
                ),
                (stack(card(parts["running"], title="Running now"), card(parts["next"], title="Next")), 4),
            ),
            actions(
                text("Data sets", "caption"),
                export(self._read_datasets, "datasets"),
                text("Experiments", "caption"),
                export(read_experiments, "experiments"),
                copy_python(lambda: SNIPPET),
            ),
            sizing_mode="stretch_width",
            margin=0,
        )

    def on_show(self) -> None:
        """Look every two seconds, and at once where the page was hidden meanwhile."""
        if self._was_hidden:
            self.refresh()
        self._poll = pn.state.add_periodic_callback(self.refresh, POLL_MS)

    def on_hide(self) -> None:
        """Stop looking."""
        self._was_hidden = True
        if self._poll is not None:
            self._poll.stop()
            self._poll = None

    def refresh(self) -> None:
        """Read once, and draw the parts whose data has changed."""
        seen = self._seen = read_snapshot(self._seen)
        steps = next_steps(seen.datasets, seen.latest)
        numbers = (seen.datasets, seen.by_status, seen.best, seen.strictest)
        self._draw("numbers", numbers, lambda: show_numbers(seen))
        self._draw("running", (seen.runs, seen.active), lambda: list_running(seen.runs, seen.active))
        self._draw("latest", (seen.latest, seen.curves), lambda: self._latest(seen))
        self._draw("datasets", seen.datasets, lambda: self._datasets(seen))
        self._draw("next", steps, lambda: list_steps(steps))

    def _draw(self, name: str, data: Any, make: Callable[[], Sequence[Any]]) -> None:
        if name not in self._drawn or self._drawn[name] != data:
            self._drawn[name] = data
            self.parts[name].objects = list(make())

    def _latest(self, seen: Snapshot) -> list[Any]:
        if not seen.latest:
            return [text("No experiment yet: a trained model shows up here with its score.", "muted")]
        return [experiment_lines(seen.latest, seen.curves, linked=self.navigate is not None)]

    def _datasets(self, seen: Snapshot) -> list[Any]:
        if not seen.datasets:
            told = text("No data set yet: what is imported or generated shows up here.", "muted")
            return [told] if self.navigate is None else [told, self._import_button()]
        return [dataset_lines(seen.datasets, linked=self.navigate is not None)]

    def _import_button(self) -> pmui.Button:
        button = pmui.Button(label="Import recordings", icon="upload_file", size="small", margin=0)
        button.on_click(lambda _: self.open("/signals", importing="true"))
        return button

    def _read_datasets(self) -> pd.DataFrame:
        return frame_of(self._seen.datasets if self._seen else [], DatasetRow)


def _part() -> pn.Column:
    return stack(gap_px=12)
