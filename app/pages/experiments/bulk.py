"""What is done with the experiments that are selected."""

from collections.abc import Callable, Sequence
from typing import Any

from app.components.ask import Ask
from app.components.bulk_bar import BulkBar
from app.components.words import size
from app.identity import current_actor
from app.state.experiments import ExperimentsState
from core.queries.experiment_rows import list_rows
from core.services.experiment_deletion import DeletionPlan, delete_experiments, plan_deletion
from core.services.experiment_edits import ExperimentEdit, edit_experiments
from core.storage.database import read_scope, session_scope

NAMED = 3  # names told before "and so many more"
IRREVOCABLE = "This cannot be undone. To put experiments out of sight and keep them, archive them instead."


class BulkActs:
    """Takes the bar's messages; `on_change` is called when something was changed, `compare` told the ids."""

    def __init__(
        self,
        state: ExperimentsState,
        on_change: Callable[[], None],
        compare: Callable[[Sequence[int]], None] | None,
    ) -> None:
        self._state, self._on_change, self._compare = state, on_change, compare
        self.bar = BulkBar(self._take, comparable=compare is not None, styles={"flex": "1 1 auto"})
        self.ask = Ask()
        state.param.watch(lambda *_: self.show(), ["selected", "archived"])

    def show(self) -> None:
        """Show how many are selected."""
        self.bar.param.update(count=len(self._state.selected), archived=self._state.archived)

    def _take(self, message: dict[str, Any]) -> None:
        kind, ids = message["type"], list(self._state.selected)
        if kind == "clear":
            self._state.selected = []
        elif kind == "compare" and self._compare is not None:
            self._compare(ids)
        elif kind == "delete":
            self._ask_deletion(ids)
        else:
            self._edit(ids, _edit_of(message))

    def _edit(self, ids: list[int], edit: ExperimentEdit) -> None:
        with session_scope() as session:
            edit_experiments(session, current_actor(), ids, edit)
        if edit.archive is not None:
            self._state.selected = []
        self._on_change()

    def _ask_deletion(self, ids: list[int]) -> None:
        def delete() -> None:
            delete_for_good(plan)
            self._state.selected = []
            self._on_change()

        plan, lines = plan_with_words(ids)
        self.ask.ask(f"Delete {count_words(len(ids))} for good?", lines, delete, yes=f"Delete {len(ids):,}")


def plan_with_words(ids: Sequence[int]) -> tuple[DeletionPlan, list[str]]:
    """Return what deleting these experiments takes along, and the same in words."""
    actor = current_actor()
    with read_scope() as session:
        plan = plan_deletion(session, actor, ids)
        names = [f"“{row.name}”" for row in list_rows(session, list(ids)[:NAMED])]
    more = len(ids) - len(names)
    named = f"{', '.join(names)} and {more:,} more" if more > 0 else ", ".join(names)
    rows = sum(plan.rows.values())
    epochs = plan.rows.get("training_runs", 0)
    files = "no file" if not plan.artifacts else f"{plan.artifacts:,} files ({size(plan.artifact_bytes)})"
    sealed = f", {plan.sealed_rows:,} of them in sealed logs" if plan.sealed_rows else ""
    told = f"With them go {rows:,} rows ({epochs:,} epochs{sealed}) and {files}."
    return plan, [named, told, IRREVOCABLE]


def delete_for_good(plan: DeletionPlan) -> None:
    """Delete what was planned, step by step, so that others write in between."""
    for step in plan.steps:
        with session_scope() as session:
            delete_experiments(session, current_actor(), step)


def count_words(count: int) -> str:
    """Write how many experiments."""
    return f"{count:,} experiment{'' if count == 1 else 's'}"


def _edit_of(message: dict[str, Any]) -> ExperimentEdit:
    kind = message["type"]
    if kind == "tag":
        return ExperimentEdit(add_tags=tuple(message["names"]))
    if kind == "untag":
        return ExperimentEdit(remove_tags=tuple(message["names"]))
    if kind == "note":
        return ExperimentEdit(append_notes=message["text"])
    return ExperimentEdit(archive={"archive": True, "restore": False}[kind])
