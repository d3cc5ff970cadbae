"""What is to be said of a measurement of features: that there is none, how far it is, why it failed."""

from collections.abc import Callable

import panel as pn
import panel_material_ui as pmui

from app.components.card import card
from app.components.empty_state import empty_state
from app.components.progress import progress
from app.components.safe_text import text
from app.pages.datasets.reading import Measured
from core.queries.dataset_features import Measurement
from core.queries.datasets import DatasetRow

Act = Callable[[], None]
DOING = {
    "pending": "The measurement waits for a worker; brinell serve has one beside it.",
    "running": "Measuring the features of every signal",
}


def tell_measurement(row: DatasetRow, measured: Measured, measure: Act, cancel: Act) -> list[pn.Column]:
    """Return what stands before the pictures; nothing where they are there and whole."""
    newest, command = measured.newest, f"brinell features {row.name}"
    if newest is not None and measured.is_active:
        return [_active(newest, cancel)]
    if newest is not None and newest.status == "failed":
        why = newest.error_message or "Its row says no reason."
        return [_missing("The features could not be measured", why, ("Measure again", measure), command)]
    if measured.is_lost:
        why = "The file of their table is gone or damaged. Measuring them again writes it anew."
        return [_missing("The features cannot be read", why, ("Measure again", measure), command)]
    if measured.kept is None:
        why = (
            "Distributions, the plane of all signals and the checks of quality stand on the features of "
            "every signal, and none were measured in this data set."
        )
        return [_missing("Features not measured", why, ("Measure features", measure), command)]
    if measured.num_unmeasured:
        came = measured.num_unmeasured
        told = (
            f"{came:,} {'signal has' if came == 1 else 'signals have'} come since the features were measured."
        )
        return [card(text(told, "muted"), _button("Measure again", measure))]
    return []


def _active(newest: Measurement, cancel: Act) -> pn.Column:
    shown = progress(newest.progress / 100, DOING[newest.status])
    return card(shown, _button("Cancel", cancel), title="Features")


def _missing(what: str, why: str, action: tuple[str, Act], command: str) -> pn.Column:
    return card(empty_state(what, why, actions=[action], command=command))


def _button(label: str, act: Act) -> pmui.Button:
    button = pmui.Button(label=label, variant="outlined", size="small", margin=(8, 0, 0, 0))
    button.on_click(lambda _: act())
    return button
