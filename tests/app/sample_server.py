"""Serves two small pages with the real shell: `python sample_server.py`, prints its address."""

import json
import time

import pandas as pd
import panel as pn
import panel_material_ui as pmui
import param
from bokeh.plotting import figure

from app.components.card import card
from app.components.copy_python import copy_python
from app.components.data_table import DataTable
from app.components.empty_state import empty_state
from app.components.export import export
from app.components.grid import grid
from app.components.option_bar import OptionBar, choice, many, number, one, option
from app.components.page import PageView
from app.components.progress import progress
from app.components.safe_text import text
from app.components.shell import RunningJob, RunningJobs
from app.components.stat import stat, stats
from app.components.state_badge import state_badge
from app.main import create_app, serve
from app.state.page import PageState
from app.theme import STATES
from core.errors import NotFoundError
from core.settings import Settings


class GearState(PageState):
    url_params = ("gear", "search")

    gear = param.Integer(default=None, bounds=(1, 99), doc="open gear")
    search = param.String(default="", doc="text searched")


class HomePage(PageView):
    title, path, icon = "Home", "/", "home"

    def __panel__(self):
        link = pmui.Button(label="Open gear 7", on_click=lambda _: self.open("/gears", gear=7), margin=0)
        return pn.Column(text("Two recordings", "title"), link, margin=0)


class GearsPage(PageView):
    title, path, icon, state_class = "Gears", "/gears", "settings", GearState

    def __init__(self, **params):
        super().__init__(**params)
        self.state.param.watch(lambda _: self._name_gear(), "gear")
        self._name_gear()

    def _name_gear(self):
        self.breadcrumb = [f"Gear {self.state.gear}"] if self.state.gear else []

    def __panel__(self):
        plot = figure(height=200, sizing_mode="stretch_width", title="Teeth")
        plot.line([0, 1, 2], [1, 3, 2])
        field = pmui.TextInput(
            label="Search",
            value=self.state.param.search,
            css_classes=["page-search"],
            size="small",
            margin=0,
            sizing_mode="stretch_width",
        )
        field.param.watch(lambda event: setattr(self.state, "search", event.new), "value")
        return pn.Column(field, pn.pane.Bokeh(plot, sizing_mode="stretch_width"), margin=0)


class PartsState(PageState):
    url_params = ("page", "sort", "descending")

    page = param.Integer(default=1, bounds=(1, None), doc="page of the table")
    sort = param.String(default="number", doc="column that orders")
    descending = param.Boolean(default=True, doc="largest first")


PARTS = pd.DataFrame(
    {"number": range(1, 61), "name": [f"<b>part</b> {number % 7}" for number in range(1, 61)]}
)


class PartsPage(PageView):
    """Every component once."""

    title, path, icon, state_class = "Parts", "/parts", "widgets", PartsState

    def __init__(self, **params):
        super().__init__(**params)
        self.table = DataTable(
            self.state,
            titles={"number": "Number <img src=x onerror=alert(1)>", "name": "Name"},
            on_open=lambda row: self.open("/gears", gear=int(row["number"])),
        )
        self.state.param.watch(lambda *_: self.refresh(), ["page", "sort", "descending"])
        self.refresh()

    def refresh(self):
        rows = PARTS.sort_values(self.state.sort, ascending=not self.state.descending)
        first = (self.state.page - 1) * 25
        self.table.show(rows.iloc[first : first + 25].reset_index(drop=True), len(rows))

    def __panel__(self):
        states = [state_badge(state, margin=(0, 12, 0, 0)) for state in STATES]
        facts = card(
            *states,
            progress(0.41, "epoch 41 of 100", "2 min left"),
            copy_python(lambda: "PartsPage()"),
            title="State",
            actions=(export(lambda: PARTS, "parts"),),
        )
        nothing = empty_state(
            "No recordings yet",
            "Everything here stands on recordings.",
            actions=[("Import files", lambda: None), ("Make a demo data set", lambda: None)],
            command="brinell import PATH --dataset NAME",
        )
        return pn.Column(
            stats(stat("1,204", "experiments"), stat(17, "running"), stat("98.6", "best, by load", unit="%")),
            grid((facts, 4), (card(self.table, title="Parts"), 8), (card(nothing), 12)),
            margin=0,
        )


CHOSEN = {"shown": ["spectrum"], "axis": "Hz", "bearing": "", "rpm": None}


class ChoicesPage(PageView):
    """A bar of options of each kind; what it told stands below."""

    title, path, icon = "Choices", "/choices", "tune"

    def __init__(self, **params):
        super().__init__(**params)
        self.chosen, self.count = dict(CHOSEN), 0
        self.bar = OptionBar(self.take)
        self.told = text("nothing told", "mono")
        self.show()

    def take(self, message):
        self.count += 1
        self.chosen[message["name"]] = message["value"]
        self.told.object = f"{self.count}: {json.dumps(message)}"
        self.show()

    def show(self):
        shown = [option(name, name.title(), color="#0f766e") for name in ("spectrum", "envelope", "orbit")]
        is_known = bool(self.chosen["rpm"])
        axes = [option("Hz", "Hz"), option("orders", "Orders", title="needs a speed", disabled=not is_known)]
        bearings = {"": "own", "SKF 6205": "SKF 6205", "<b>N204</b>": "<b>N204</b>"}
        rpm = self.chosen["rpm"]
        self.bar.fields = [
            many("shown", "Show", shown, self.chosen["shown"]),
            number("rpm", "Speed (rpm)", float(rpm) if rpm else None, hint="unknown"),
            choice("bearing", "Bearing", bearings, self.chosen["bearing"]),
            one("axis", "Over", axes, self.chosen["axis"]),
        ]

    def __panel__(self):
        return pn.Column(self.bar, self.told, margin=0)


class BrokenPage(PageView):
    title, path, icon = "Broken", "/broken", "error"

    def __panel__(self):
        raise NotFoundError("gear 3 is not stored; list the gears first")


def running_jobs():
    share = (time.time() % 60) / 60
    jobs = [
        RunningJob("Training wdcnn by load", share, "/gears", {"gear": "3"}),
        RunningJob("Importing <b>cwru</b>", None, "/"),
    ]
    return RunningJobs(jobs, 1_002)


if __name__ == "__main__":
    serve(
        Settings(port=0),
        on_ready=lambda url: print(url, flush=True),  # noqa: T201 - the fixture reads it
        app=create_app((HomePage, GearsPage, PartsPage, ChoicesPage, BrokenPage), running_jobs),
    )
