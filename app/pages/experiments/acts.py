"""What may be done with one experiment besides following it: repeat, change, rename, put away, delete."""

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.components.ask import Ask
from app.components.card import card
from app.components.page import Navigate
from app.components.pick_menu import PickMenu
from app.components.small_form import SmallForm
from app.identity import current_actor
from app.pages.experiments.bulk import delete_for_good, plan_with_words
from app.pages.experiments.head import ACTIVE
from core.queries.experiments import ExperimentDetail
from core.services.experiment_copies import duplicate_experiment, run_again
from core.services.experiment_lifecycle import archive_experiments, rename_experiment, restore_experiments
from core.specs import NetworkName, SplitKind, TrainingSpec
from core.storage.database import session_scope

CHANGEABLE = {  # path in the specification: label
    "model": "Model",
    "split.kind": "Split",
    "epochs": "Epochs",
    "optimizer.learning_rate": "Learning rate",
    "optimizer.weight_decay": "Weight decay",
    "batch_size": "Batch size",
    "windows.length": "Window length (samples)",
    "windows.train_hop": "Training hop (samples)",
    "seed": "Seed",
}
CHOICES = {"model": list(NetworkName), "split.kind": list(SplitKind)}


class ExperimentActs(pn.viewable.Viewer):
    """A button and a menu; the form that an act needs opens below the headline, in `place`."""

    def __init__(self, detail: ExperimentDetail, open_place: Navigate, on_change: Callable[[], None]) -> None:
        super().__init__()
        self._detail, self._open, self._on_change = detail, open_place, on_change
        self.again = pmui.Button(
            label="Run again", icon="replay", variant="outlined", size="small", margin=(0, 0, 0, 8)
        )
        self.again.on_click(lambda _: self._run_again())
        self.menu = PickMenu(self._take, label="More", kind="act", margin=(0, 0, 0, 8))
        self.ask = Ask()
        self.place = pn.Column(_nothing(), sizing_mode="stretch_width", margin=0, visible=False)
        self.show(detail)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Row(self.again, self.menu, self.ask, margin=0)

    def show(self, detail: ExperimentDetail) -> None:
        """Offer what fits how the experiment stands."""
        self._detail = detail
        is_over = detail.row.status not in ACTIVE
        has_spec = detail.spec is not None
        self.again.visible = has_spec and is_over
        put = ("restore", "Restore") if detail.row.archived_at else ("archive", "Archive")
        acts = [("duplicate", "Duplicate with changes…")] if has_spec else []
        acts += [("rename", "Rename…")]
        acts += [put, ("delete", "Delete for good…")] if is_over else []
        self.menu.options = [
            {"value": value, "label": label, "danger": value == "delete"} for value, label in acts
        ]

    def _take(self, message: dict[str, Any]) -> None:
        for act in message.get("values", ()):
            {
                "duplicate": self._ask_changes,
                "rename": self._ask_name,
                "archive": lambda: self._put(archive_experiments),
                "restore": lambda: self._put(restore_experiments),
                "delete": self._ask_deletion,
            }[act]()

    def _run_again(self) -> None:
        with session_scope() as session:
            made = run_again(session, current_actor(), self._detail.row.id).id
        self._open("/experiments", experiment=made)

    def _put(self, act: Callable[..., int]) -> None:
        with session_scope() as session:
            act(session, current_actor(), [self._detail.row.id])
        self._on_change()

    def _ask_deletion(self) -> None:
        def delete() -> None:
            delete_for_good(plan)
            self._open("/experiments")

        plan, lines = plan_with_words([self._detail.row.id])
        self.ask.ask(f"Delete experiment {self._detail.row.id} for good?", lines, delete, yes="Delete it")

    def _ask_name(self) -> None:
        fields = [{"name": "name", "label": "Name", "value": self._detail.row.name, "kind": "text"}]
        self._show_form("Rename", fields, self._rename, "Rename")

    def _rename(self, values: dict[str, str]) -> None:
        with session_scope() as session:
            rename_experiment(session, current_actor(), self._detail.row.id, values["name"])
        self._close_form()
        self._on_change()

    def _ask_changes(self) -> None:
        spec = self._detail.spec
        if spec is not None:
            named = {
                "name": "name",
                "label": "Name",
                "value": "",
                "kind": "text",
                "hint": "made of its settings",
            }
            fields = [named, *(_field(spec, path) for path in CHANGEABLE)]
            self._show_form(
                "Duplicate with changes", fields, lambda values: self._duplicate(spec, values), "Start it"
            )

    def _duplicate(self, spec: TrainingSpec, values: dict[str, str]) -> None:
        name = values.pop("name").strip() or None
        changes = {path: told for path, told in values.items() if told.strip() != _told(spec, path)}
        with session_scope() as session:
            made = duplicate_experiment(session, current_actor(), self._detail.row.id, changes, name).id
        self._close_form()
        self._open("/experiments", experiment=made)

    def _show_form(
        self,
        title: str,
        fields: list[dict[str, Any]],
        act: Callable[[dict[str, str]], None],
        submit: str,
    ) -> None:
        form = SmallForm(act, self._close_form, title=title, fields=fields, submit=submit)
        self.place.objects = [card(form)]
        self.place.visible = True

    def _close_form(self) -> None:
        self.place.visible = False
        self.place.objects = [_nothing()]


def _nothing() -> pn.Spacer:
    """Return what stands for no form: an empty layout is a mistake to Bokeh, which logs it."""
    return pn.Spacer(height=0, margin=0)


def _field(spec: TrainingSpec, path: str) -> dict[str, Any]:
    choices = [str(each) for each in CHOICES.get(path, ())]
    kind = {"kind": "choice", "options": choices} if choices else {"kind": "text"}
    return {"name": path, "label": CHANGEABLE[path], "value": _told(spec, path)} | kind


def _told(spec: TrainingSpec, path: str) -> str:
    value: Any = spec.model_dump(mode="json")
    for name in path.split("."):
        value = value[name]
    return str(value)
