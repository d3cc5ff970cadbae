"""What a person chose on the Signals page."""

from typing import ClassVar

import param

from app.state.page import PageState
from core.queries.analyses.defects import OVERLAYS
from core.queries.analyses.mountings import list_bearings
from core.queries.analyses.severities import ZONE_PRESETS
from core.queries.analyses.spectra import WINDOW_TITLES
from core.queries.signals import SORT_COLUMNS
from core.specs import MOST_ID
from core.vibration.averaging import AVERAGINGS
from core.vibration.combs import KINDS
from core.vibration.feature_set import FEATURES_BY_NAME

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
    "kurtogram": "Kurtogram",
    "spectrogram": "Spectrogram",
    "scalogram": "Scalogram",
    "cepstrum": "Cepstrum",
    "orders": "Orders",
    "difference": "Difference",
    "coherence": "Coherence",
    "orbit": "Orbit",
    "severity": "Severity zone",
}
CURSORS = {"off": "Off", "base": "Base", "harmonic": "Harmonics", "sideband": "Sidebands"}
DEFECTS = list(KINDS)
DETECTIONS = ["peak", "rms", "peak-to-peak"]
UNITS = ["g", "m/s²", "mm/s", "µm"]
CHOSEN = (  # in the bars of a record
    "views", "scale", "axis", "overlays", "rpm", "bearing", "weights", "averages", "averaging", "detection",
    "unit", "cursor", "cursor_at", "spacing", "against", "probe", "zone",
)  # fmt: skip
FEATURE = "feature"  # the column of whichever feature is chosen
MOST_BESIDE = 3  # records beside the one that is looked at
OF_RECORD = (  # what another record is not looked at by
    "start", "stop", "rpm", "bearing", "band", "spectrum_hz", "envelope_hz", "cursor_at", "spacing",
    "against", "probe",
)  # fmt: skip


class SignalsState(PageState):
    """Data set, filters and place in the table; signal, window and scale of the pictures."""

    url_params: ClassVar[tuple[str, ...]] = (
        "dataset",
        *FILTERS,
        "text",
        "feature",
        "sort",
        "descending",
        "page",
        "signal",
        "start",
        "stop",
        "views",
        "scale",
        "axis",
        "overlays",
        "rpm",
        "bearing",
        "weights",
        "averages",
        "averaging",
        "detection",
        "unit",
        "band",
        "spectrum_hz",
        "envelope_hz",
        "cursor",
        "cursor_on",
        "cursor_at",
        "spacing",
        "against",
        "probe",
        "zone",
        "limits",
        "importing",
        "import_id",
    )

    dataset = param.String(default="", doc="name of the data set; empty: the newest")
    channel = param.String(default="", doc="channel wanted; empty: any")
    fault_class = param.String(default="", doc="fault class wanted; empty: any")
    severity = param.String(default="", doc="severity wanted; empty: any")
    load = param.String(default="", doc="load wanted; empty: any")
    text = param.String(default="", doc="part of the record's name")
    feature = param.Selector(default="", objects=["", *FEATURES_BY_NAME], doc="feature that has a column")
    sort = param.Selector(default="record", objects=[*SORT_COLUMNS, FEATURE], doc="what orders the table")
    descending = param.Boolean(default=False, doc="largest first")
    page = param.Integer(default=1, bounds=(1, MOST_ID), doc="page of the table")
    signal = param.Integer(default=None, bounds=(1, MOST_ID), doc="id of the signal shown")
    start = param.Number(default=None, bounds=(0, None), doc="start of the window in s; None: of the record")
    stop = param.Number(default=None, bounds=(0, None), doc="end of the window in s; None: of the record")
    views = param.ListSelector(default=["spectrum", "envelope"], objects=list(VIEWS), doc="analyses shown")
    scale = param.Selector(default="linear", objects=["linear", "log"], doc="amplitude scale of the spectra")
    axis = param.Selector(default="Hz", objects=["Hz", "CPM", "orders"], doc="what spectra stand over")
    overlays = param.ListSelector(default=DEFECTS, objects=list(OVERLAYS), doc="frequencies that are marked")
    rpm = param.Number(default=None, bounds=(0.1, 1e6), doc="speed stated instead of the record's")
    bearing = param.Selector(
        default="", objects=["", *list_bearings()], doc="bearing instead of the record's"
    )
    weights = param.Selector(default="hann", objects=list(WINDOW_TITLES), doc="window of the spectrum")
    averages = param.Selector(default=1, objects=[1, 4, 8, 16, 32], doc="segments of the spectrum")
    averaging = param.Selector(default="rms", objects=list(AVERAGINGS), doc="how segments are combined")
    detection = param.Selector(default="peak", objects=DETECTIONS, doc="how a sine of amplitude 1 is shown")
    unit = param.Selector(default="", objects=["", *UNITS], doc="of the spectrum; empty: the record's")
    band = param.NumericTuple(default=None, length=2, allow_None=True, doc="Hz of the envelope")
    spectrum_hz = param.NumericTuple(default=None, length=2, allow_None=True, doc="Hz in view")
    envelope_hz = param.NumericTuple(default=None, length=2, allow_None=True, doc="Hz in view")
    cursor = param.Selector(default="off", objects=list(CURSORS), doc="what a tap on lines places")
    cursor_on = param.Selector(default="envelope", objects=list(VIEWS), doc="analysis that was tapped")
    cursor_at = param.Number(default=None, bounds=(0, None), doc="where the cursor stands")
    spacing = param.Number(default=None, bounds=(0, None), doc="between sidebands")
    against = param.List(default=[], item_type=int, bounds=(0, MOST_BESIDE), doc="ids of signals beside it")
    probe = param.Integer(default=None, bounds=(1, MOST_ID), doc="id of the orbit's second probe")
    zone = param.Selector(default="Class II", objects=list(ZONE_PRESETS), doc="preset of severity zones")
    limits = param.NumericTuple(default=None, length=3, allow_None=True, doc="mm/s instead of the preset's")

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
            fresh = {name: self.param[name].default for name in OF_RECORD}
            self.param.update(signal=signal_id, **fresh)

    def choose_dataset(self, name: str) -> None:
        """Show another data set, unfiltered, with no signal open."""
        narrowed = {*FILTERS, "text", "sort", "descending", "page", "signal", *OF_RECORD}
        defaults = {key: self.param[key].default for key in self.url_params if key in narrowed}
        self.param.update(dataset=name, **defaults)
