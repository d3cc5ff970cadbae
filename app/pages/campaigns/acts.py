"""What may be done with a campaign: have it rest, go on, get more budget, end, and be asked for again."""

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.components.ask import Ask
from app.components.card import card
from app.components.page import Navigate
from app.components.small_form import SmallForm
from app.identity import current_actor
from app.pages.campaigns.reading import ACTIVE
from core.campaign_specs import HPOMethod
from core.errors import InvalidInputError
from core.queries.campaigns.rows import CampaignRow
from core.services.campaigns import (
    clone_campaign,
    extend_campaign,
    pause_campaign,
    resume_campaign,
    stop_campaign,
)
from core.storage.database import session_scope

LIMITS = {"max_trials": "Trials, at most", "max_seconds": "Seconds, at most", "max_epochs": "Epochs, at most"}
RESUMABLE = frozenset({"paused", "failed", "cancelled"})


class CampaignActs(pn.viewable.Viewer):
    """The buttons; the form that an act needs opens below the headline, in `place`."""

    def __init__(self, row: CampaignRow, open_place: Navigate, on_change: Callable[[], None]) -> None:
        super().__init__()
        self._row, self._open, self._on_change = row, open_place, on_change
        self.pause = _button("Pause", "pause", lambda: self._act(pause_campaign))
        self.resume = _button("Resume", "play_arrow", lambda: self._act(resume_campaign))
        self.extend = _button("Extend", "add", self._ask_for_more)
        self.stop = _button("Stop", "stop", self._ask_to_stop)
        self.clone = _button("Clone", "content_copy", self._ask_for_another)
        self.ask = Ask()
        self.place = pn.Column(_nothing(), sizing_mode="stretch_width", margin=0, visible=False)
        self.show(row)

    def __panel__(self) -> pn.viewable.Viewable:
        buttons = (self.pause, self.resume, self.extend, self.stop, self.clone)
        return pn.Row(*buttons, self.ask, margin=0, styles={"flex-wrap": "wrap", "gap": "8px"})

    def show(self, row: CampaignRow) -> None:
        """Offer what fits how the campaign stands."""
        self._row = row
        self.pause.visible = row.status in {"pending", "running"}
        self.resume.visible = row.status in RESUMABLE and not row.is_imported
        self.extend.visible = self.clone.visible = not row.is_imported
        self.stop.visible = row.status in ACTIVE

    def _act(self, act: Callable[..., None]) -> None:
        actor = current_actor()
        try:
            with session_scope() as session:
                act(session, actor, self._row.id)
        finally:  # a refused act is told, and the buttons then fit what is stored
            self._on_change()

    def _ask_to_stop(self) -> None:
        row = self._row
        kept = f"The {row.trials_done} trials that have ended are kept, with their experiments."
        self.ask.ask(
            f"Stop campaign {row.id} “{row.name}”?",
            [kept, "Those at work end after their epoch."],
            lambda: self._act(stop_campaign),
            yes="Stop it",
            no="Let it run",
        )

    def _ask_for_more(self) -> None:
        budget = self._row.config["budget"]
        fields = [
            {"name": name, "label": label, "value": f"{budget[name]:g}", "kind": "text"}
            for name, label in LIMITS.items()
            if budget.get(name) is not None
        ]
        self._show_form("Extend the budget, in all", fields, self._extend, "Extend")

    def _extend(self, values: dict[str, str]) -> None:
        budget = self._row.config["budget"]
        raised = {name: _number(name, told) for name, told in values.items()}
        changed = {name: value for name, value in raised.items() if value != budget[name]}
        with session_scope() as session:
            extend_campaign(session, current_actor(), self._row.id, **changed)
        self._close_form()
        self._on_change()

    def _ask_for_another(self) -> None:
        config = self._row.config
        fields: list[dict[str, Any]] = [
            {"name": "name", "label": "Name", "value": "", "kind": "text", "hint": "made up where left out"},
            {
                "name": "method",
                "label": "Method",
                "value": config["method"],
                "kind": "choice",
                "options": [str(method) for method in HPOMethod],
            },
            {"name": "seed", "label": "Seed", "value": str(config["seed"]), "kind": "text"},
        ]
        self._show_form("The same search again", fields, self._clone, "Start it")

    def _clone(self, values: dict[str, str]) -> None:
        seed = int(_number("seed", values["seed"]))
        with session_scope() as session:
            made = clone_campaign(
                session,
                current_actor(),
                self._row.id,
                values["name"].strip() or None,
                method=HPOMethod(values["method"]),
                seed=seed,
            ).id
        self._close_form()
        self._open("/campaigns", campaign=made)

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


def _number(name: str, told: str) -> float:
    try:
        value = float(told.replace(",", ""))
    except ValueError:
        raise InvalidInputError(f"{name}={told!r} is not a number; write one, such as 120") from None
    return value if name == "max_seconds" else int(value)


def _nothing() -> pn.Spacer:
    """Return what stands for no form: an empty layout is a mistake to Bokeh, which logs it."""
    return pn.Spacer(height=0, margin=0)


def _button(label: str, icon: str, act: Callable[[], None]) -> pmui.Button:
    button = pmui.Button(label=label, icon=icon, variant="outlined", size="small", margin=0)
    button.on_click(lambda _: act())
    return button
