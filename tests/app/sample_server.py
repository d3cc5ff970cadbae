"""Serves two small pages with the real shell: `python sample_server.py`, prints its address."""

import time

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.plotting import figure

from app.components.page import PageView
from app.components.safe_text import text
from app.components.shell import RunningJob
from app.main import create_app, serve
from app.state.page import PageState
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
            label="Search", value=self.state.param.search, css_classes=["page-search"], size="small", margin=0
        )
        field.param.watch(lambda event: setattr(self.state, "search", event.new), "value")
        return pn.Column(field, pn.pane.Bokeh(plot, sizing_mode="stretch_width"), margin=0)


class BrokenPage(PageView):
    title, path, icon = "Broken", "/broken", "error"

    def __panel__(self):
        raise NotFoundError("gear 3 is not stored; list the gears first")


def running_jobs():
    share = (time.time() % 60) / 60
    return [
        RunningJob("Training wdcnn by load", share, "/gears", {"gear": "3"}),
        RunningJob("Importing <b>cwru</b>", None, "/"),
    ]


if __name__ == "__main__":
    serve(
        Settings(port=0),
        on_ready=lambda url: print(url, flush=True),  # noqa: T201 - the fixture reads it
        app=create_app((HomePage, GearsPage, BrokenPage), running_jobs),
    )
