"""What reproduces the page in a notebook: lines of Python."""

from dataclasses import asdict
from typing import Any

from app.pages.signals.analyses import Analyses
from app.pages.signals.line_pictures import choose_spectrum, find_tacho
from app.pages.signals.picture_controls import read_probe
from app.state.signals import FEATURE, FILTERS, SignalsState
from core.errors import BrinellError
from core.queries.analyses.spectra import SpectrumChoice
from core.queries.signals import SignalRow

OPENING = "from core.workspace import Workspace\n\n"


def table_snippet(state: SignalsState, dataset: str) -> str:
    """Return the lines that read the table's rows."""
    chosen = {name: getattr(state, name) for name in [*FILTERS, "text"]}
    filters = "".join(f", {name}={value!r}" for name, value in chosen.items() if value)
    order = f".sort_values({state.sort!r}, ascending={not state.descending})"
    if state.sort == FEATURE:
        by = f"lambda column: column.str.get({state.feature!r})"
        order = f".sort_values('features', ascending={not state.descending}, key={by})"
    return f"{OPENING}Workspace().signals({dataset!r}{filters}){order}"


def record_snippet(row: SignalRow, window: tuple[float, float], analyses: Analyses) -> str:
    """Return the lines that read a signal, a window of it, and the analyses that are shown of it."""
    at = f"{window[0]:.6f}, {window[1]:.6f}"
    calls = [_call(name, at, analyses) for name in analyses.shown()]
    lines = [
        f"signal = Workspace().signal({row.id})",
        "signal.samples  # all of them, a memory map",
        f"signal.window({at})",
        *(call for call in calls if call),
    ]
    return OPENING + "\n".join(lines)


def _call(name: str, at: str, analyses: Analyses) -> str:
    """Return the call that gives what a picture shows; none where it shows why there is nothing."""
    state, looked = analyses.state, analyses.looked
    if name in {"difference", "coherence"}:
        return f"signal.{name}(Workspace().signal({looked.beside[0].id}), {at})" if looked.beside else ""
    if name == "orbit":
        probe = read_probe(looked.row, looked.siblings, state.probe)
        return f"signal.orbit(Workspace().signal({probe.id}), {at}{_options(rpm=state.rpm)})" if probe else ""
    if name == "orders":
        tacho = find_tacho(looked.siblings)
        by = f", tacho=Workspace().signal({tacho.id})" if tacho else ""
        return f"signal.orders({at}{_options(rpm=state.rpm)}{by})"
    if name == "kurtogram":
        return f"signal.kurtogram({analyses.least_band_hz!r})"
    options = {
        "spectrum": asdict(choose_spectrum(analyses)),
        "envelope": {"band_hz": _band(analyses) if name == "envelope" else None},
        "severity": {"zone": state.zone, "limits": state.limits},
    }
    return f"signal.{name}({at}{_options(**options.get(name, {}))})"


def _band(analyses: Analyses) -> tuple[float, float] | None:
    try:
        return analyses.find_band()
    except BrinellError:  # the picture says why there is none
        return None


def _options(**options: Any) -> str:
    """Return arguments by name, without those that say what goes without saying."""
    usual = asdict(SpectrumChoice())
    told = {name: value for name, value in options.items() if value is not None and value != usual.get(name)}
    return "".join(f", {name}={value!r}" for name, value in told.items())
