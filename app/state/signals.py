"""What a person chose on the Signals page."""

from typing import ClassVar

import param

from app.state.page import PageState
from core.queries.signals import SORT_COLUMNS
from core.specs import MOST_ID

WINDOW_DIGITS = 6  # a microsecond: finer than a sample of any vibration record

FILTERS = {  # parameter: how it is called
    "channel": "Channel",
    "fault_class": "Fault class",
    "severity": "Severity",
    "load": "Load",
}

VIEWS = {  # analysis: how it is called
    "spectrum": "Spectrum",
    "envelope": "Envelope spectrum",
}


class SignalsState(PageState):
    """Data set, filters and place in the table; signal, window and scale of the pictures."""

    url_params: ClassVar[tuple[str, ...]] = (
        "dataset",
        *FILTERS,
        "text",
        "sort",
        "descending",
        "page",
        "signal",
        "start",
        "stop",
        "views",
        "scale",
        "axis",
        "band",
        "spectrum_hz",
        "envelope_hz",
        "importing",
        "import_id",
    )

    dataset = param.String(default="", doc="name of the data set; empty: the newest")
    channel = param.String(default="", doc="channel wanted; empty: any")
    fault_class = param.String(default="", doc="fault class wanted; empty: any")
    severity = param.String(default="", doc="severity wanted; empty: any")
    load = param.String(default="", doc="load wanted; empty: any")
    text = param.String(default="", doc="part of the record's name")
    sort = param.Selector(default="record", objects=list(SORT_COLUMNS), doc="column that orders the table")
    descending = param.Boolean(default=False, doc="largest first")
    page = param.Integer(default=1, bounds=(1, MOST_ID), doc="page of the table")
    signal = param.Integer(default=None, bounds=(1, MOST_ID), doc="id of the signal shown")
    start = param.Number(default=None, bounds=(0, None), doc="start of the window in s; None: of the record")
    stop = param.Number(default=None, bounds=(0, None), doc="end of the window in s; None: of the record")
    views = param.ListSelector(default=["spectrum", "envelope"], objects=list(VIEWS), doc="analyses shown")
    scale = param.Selector(default="linear", objects=["linear", "log"], doc="amplitude scale of the spectra")
    axis = param.Selector(default="Hz", objects=["Hz", "CPM", "orders"], doc="what spectra stand over")
    band = param.NumericTuple(default=None, length=2, allow_None=True, doc="Hz; None: chosen")
    spectrum_hz = param.NumericTuple(default=None, length=2, allow_None=True, doc="Hz in view")
    envelope_hz = param.NumericTuple(
        default=None, length=2, allow_None=True, doc="Hz in view; None: the start"
    )

    importing = param.Boolean(default=False, doc="recordings are being chosen for an import")
    import_id = param.Integer(default=None, bounds=(1, MOST_ID), doc="id of the import that is followed")

    def window(self, duration_s: float) -> tuple[float, float]:
        """Return the window that lies within a record of this length; the whole record where none does."""
        start = min(self.start or 0.0, duration_s)
        stop = min(duration_s if self.stop is None else self.stop, duration_s)
        return (start, stop) if start < stop else (0.0, duration_s)

    def set_window(self, start_s: float, stop_s: float, duration_s: float) -> None:
        """Take the window in view; an end that is the record's own is left out of the link."""
        start, stop = max(start_s, 0.0), min(stop_s, duration_s)
        self.param.update(
            start=None if start <= 0 else round(start, WINDOW_DIGITS),
            stop=None if stop >= duration_s else round(stop, WINDOW_DIGITS),
        )

    def choose_signal(self, signal_id: int | None) -> None:
        """Show another signal, whole."""
        if signal_id != self.signal:
            self.param.update(signal=signal_id, start=None, stop=None)

    def choose_dataset(self, name: str) -> None:
        """Show another data set, unfiltered, with no signal open."""
        kept = {"dataset", "views", "scale", "axis", "importing", "import_id"}
        defaults = {key: self.param[key].default for key in self.url_params if key not in kept}
        self.param.update(dataset=name, **defaults)
