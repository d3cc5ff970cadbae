"""How the table is cut: which columns, grouped by what, and the archived ones in place of the others."""

from typing import Any

import panel as pn

from app.components.pick_menu import PickMenu
from app.components.toggle import Toggle
from app.pages.experiments.cells import FIXED, TITLES, USUAL
from app.pages.experiments.groups import GROUP_TITLES, group_title
from app.state.experiments import ExperimentsState
from core.queries.explorer import ColumnKind, GroupPage, group_search, list_columns, list_groupings
from core.storage.database import read_scope

KINDS = {
    ColumnKind.FIELD: "Of every experiment",
    ColumnKind.BEST: "Metrics at their best epoch",
    ColumnKind.LAST: "Metrics at the last epoch",
    ColumnKind.PARAMETER: "Hyperparameters",
}


class ColumnMenu(pn.viewable.Viewer):
    """Picks the columns; what there is to pick is read when it opens."""

    def __init__(self, state: ExperimentsState) -> None:
        super().__init__()
        self._state = state
        self.menu = PickMenu(self._take, label="Columns", icon="view_column", usual=list(USUAL))
        self._show()
        state.param.watch(lambda *_: self._show(), ["columns", "by"])

    def __panel__(self) -> pn.viewable.Viewable:
        return self.menu

    def _show(self) -> None:
        self.menu.picked = list(self._state.columns or USUAL)
        self.menu.visible = not self._state.by

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "open":
            self.menu.options = _list_options()
            return
        picked = [name for name in message["values"] if name not in FIXED]
        self._state.columns = [] if picked == list(USUAL) else picked


class GroupMenu(pn.viewable.Viewer):
    """Picks what experiments are grouped by, and opens the members of a group."""

    def __init__(self, state: ExperimentsState) -> None:
        super().__init__()
        self._state = state
        self.menu = PickMenu(self._take, label="Group by", kind="one", icon="workspaces")
        self._show()
        state.param.watch(lambda *_: self._show(), "by")

    def __panel__(self) -> pn.viewable.Viewable:
        return self.menu

    def open_group(self, groups: GroupPage, place: int) -> None:
        """Show the experiments of the group at this place of the page."""
        search = group_search(self._state.search, self._state.by, groups.rows[place].value)
        self._state.narrow(search=search, by="", sort="", descending=True)

    def _show(self) -> None:
        by = self._state.by
        if by and not any(one["value"] == by for one in self.menu.options):
            self.menu.options = [{"value": by, "label": group_title(by)}]  # the others when it opens
        self.menu.picked = [by] if by else []

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "open":
            self.menu.options = _list_groupings()
            return
        self._state.narrow(by=next(iter(message["values"]), ""), sort="", descending=True)


class ShelfSwitch(pn.viewable.Viewer):
    """Shows archived experiments in place of the others."""

    def __init__(self, state: ExperimentsState) -> None:
        super().__init__()
        self._state = state
        self.toggle = Toggle(self._take, label="Archived", icon="inventory_2", on=state.archived)
        state.param.watch(lambda event: self.toggle.param.update(on=event.new), "archived")

    def __panel__(self) -> pn.viewable.Viewable:
        return self.toggle

    def _take(self, message: dict[str, Any]) -> None:
        self._state.selected = []
        self._state.narrow(archived=message["on"])


def _list_options() -> list[dict[str, str]]:
    with read_scope() as session:
        columns = list_columns(session)
    kinds = list(KINDS)
    return [
        {"value": one.name, "label": TITLES.get(one.name, one.name), "group": KINDS[one.kind]}
        for one in sorted(columns, key=lambda one: kinds.index(one.kind))
        if one.name not in FIXED
    ]


def _list_groupings() -> list[dict[str, str]]:
    with read_scope() as session:
        groupings = list_groupings(session)
    return [
        {"value": "", "label": "nothing"},
        *({"value": name, "label": group_title(name), "group": _group_kind(name)} for name in groupings),
    ]


def _group_kind(name: str) -> str:
    return "Of every experiment" if name in GROUP_TITLES else "Hyperparameters"
