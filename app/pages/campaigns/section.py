"""What stands below a campaign's history: one subject at a time, made when it is first seen."""

from abc import abstractmethod
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.components.card import card
from app.components.grid import stack
from app.components.safe_text import text
from app.pages.campaigns.reading import Campaign
from core.clock import utc_now


class Section(pn.viewable.Viewer):
    """A section of a campaign: it stands still while it is read.

    Where trials have ended since, that is said, with the way to see it.
    """

    def __init__(self, campaign: Campaign) -> None:
        super().__init__()
        self.campaign = campaign
        self._drawn_of = campaign
        self._since = text("", "caption")
        self.again = pmui.Button(label="Draw anew", icon="refresh", variant="text", size="small", margin=0)
        self.again.on_click(lambda _: self.redraw())
        self._aged = pn.FlexBox(
            self._since, self.again, gap="8px", align_items="center", margin=0, visible=False
        )
        self._content = stack()
        self.redraw()

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._aged, self._content, sizing_mode="stretch_width", margin=0)

    @abstractmethod
    def make(self) -> list[Any]:
        """Return what is shown of the campaign."""

    def take(self, campaign: Campaign) -> None:
        """Say that what is drawn is no longer all there is."""
        self.campaign = campaign
        self._aged.visible = campaign.row.trials_done != self._drawn_of.row.trials_done

    def redraw(self) -> None:
        """Draw what is stored by now, as the state asks for it."""
        self._drawn_of = self.campaign
        self._since.object = text(
            f"As of {utc_now():%H:%M:%S} UTC; trials have ended since.", "caption"
        ).object
        self._aged.visible = False
        self._content.objects = self.make()


def bokeh(plot: Any) -> pn.pane.Bokeh:
    """Show a figure as wide as its card."""
    return pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)


def lacking(words: str, title: str) -> pn.Column:
    """Return the card that says why there is nothing to show."""
    return card(text(f"{words[:1].upper()}{words[1:].rstrip('.')}.", "muted"), title=title)
