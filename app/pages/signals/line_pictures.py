"""The analyses of a record that are lines: spectra, cepstrum, orders, and two records beside each other."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import param

from app.components.export import export
from app.components.signal.lines_panel import LinesPanel
from app.pages.signals.analyses import Analyses, Analysis
from app.pages.signals.marks import Over, axis_over, beside_colors, defect_marks
from app.pages.signals.picture_controls import SpectrumControls
from app.state.signals import VIEWS
from app.theme import CANVAS_ACCENT, CANVAS_SIGNAL
from core.errors import InvalidInputError
from core.queries.analyses.cepstra import view_cepstrum
from core.queries.analyses.comparisons import view_coherence, view_difference
from core.queries.analyses.envelopes import view_envelope
from core.queries.analyses.lines import Lines
from core.queries.analyses.order_spectra import view_orders
from core.queries.analyses.spectra import SpectrumChoice, view_spectrum
from core.queries.signals import SignalRow
from core.queries.waveforms import Stretch, read_stretch

ENVELOPE_HARMONICS = 6.5  # of the highest defect frequency, that the envelope spectrum opens with
ENVELOPE_OPENS_HZ = 500.0  # where none is known
CEPSTRUM_OPENS_S = 0.1
ORDERS_OPENS = 20.0
TACHO = ("tacho", "tach", "keyphasor", "key")  # how a channel of pulses is called

Compute = Callable[[Sequence[Stretch]], list[Lines]]


def choose_spectrum(analyses: Analyses) -> SpectrumChoice:
    """Return how the state wants spectra made."""
    state = analyses.state
    return SpectrumChoice(state.weights, state.averages, state.averaging, state.detection, state.unit or None)


def make_spectrum(analyses: Analyses) -> Analysis:
    """Make the amplitude spectrum, of records beside it too."""
    controls = [SpectrumControls(analyses.state, analyses.watch)]
    return _each(
        analyses,
        "spectrum",
        lambda part: view_spectrum(part, choose_spectrum(analyses)),
        color=CANVAS_SIGNAL,
        controls=controls,
    )


def make_envelope(analyses: Analyses) -> Analysis:
    """Make the squared envelope spectrum in the band chosen."""
    highest_hz = analyses.highest_defect_hz
    opens_hz = ENVELOPE_HARMONICS * highest_hz if highest_hz else ENVELOPE_OPENS_HZ
    return _each(
        analyses,
        "envelope",
        lambda part: view_envelope(part, analyses.find_band()),
        color=CANVAS_ACCENT,
        amplitude="envelope²",
        opens_with=lambda _: opens_hz,
    )


def make_cepstrum(analyses: Analyses) -> Analysis:
    """Make the real cepstrum."""
    return _each(
        analyses,
        "cepstrum",
        view_cepstrum,
        over="quefrency",
        amplitude="cepstrum",
        opens_with=lambda _: CEPSTRUM_OPENS_S,
    )


def find_tacho(siblings: Sequence[SignalRow]) -> SignalRow | None:
    """Return the channel of pulses that was measured with a record, if any."""
    return next((row for row in siblings if row.channel.lower() in TACHO), None)


def make_orders(analyses: Analyses) -> Analysis:
    """Make the order spectrum; a channel of pulses gives the speed where there is one."""
    tacho = find_tacho(analyses.looked.siblings)

    def compute(parts: Sequence[Stretch]) -> list[Lines]:
        own = parts[0]
        pulses = read_stretch(tacho, own.start_s, own.stop_s) if tacho else None
        return [view_orders(own, analyses.mounting, pulses)]

    return _single(analyses, "orders", compute, over="order", opens_with=lambda _: ORDERS_OPENS)


def make_difference(analyses: Analyses) -> Analysis:
    """Make how much higher the lines of the first record beside it are."""
    return _single(analyses, "difference", _two(view_difference), amplitude="second over first")


def make_coherence(analyses: Analyses) -> Analysis:
    """Make how far the first channel beside it follows this one."""
    return _single(analyses, "coherence", _two(view_coherence), amplitude="coherence")


def _two(view: Callable[[Stretch, Stretch], Lines]) -> Compute:
    def compute(parts: Sequence[Stretch]) -> list[Lines]:
        if len(parts) < 2:
            raise InvalidInputError("no record is beside this one: choose one in the field Put beside")
        return [view(parts[0], parts[1])]

    return compute


def _each(analyses: Analyses, name: str, view: Callable[[Stretch], Lines], **params: Any) -> Analysis:
    """Make lines of each record that is looked at, quick enough to follow a gesture."""
    rows = analyses.looked.rows

    def compute(parts: Sequence[Stretch]) -> list[Lines]:
        found = [view(part) for part in parts]
        return [_checked(lines, found[0], row) for lines, row in zip(found, rows, strict=True)]

    return _analysis(analyses, name, compute, count=len(rows), is_quick=True, **params)


def _checked(lines: Lines, first: Lines, row: SignalRow) -> Lines:
    if lines.unit != first.unit:
        units = f"{first.unit or 'an unknown unit'} and {lines.unit or 'an unknown unit'}"
        raise InvalidInputError(
            f"the records are in {units}, which one axis cannot show: take {row.signal_id} away"
        )
    return lines


def _single(analyses: Analyses, name: str, compute: Compute, **params: Any) -> Analysis:
    return _analysis(analyses, name, compute, count=1, is_quick=False, **params)


def _analysis(
    analyses: Analyses,
    name: str,
    compute: Compute,
    *,
    count: int,
    is_quick: bool,
    over: Over = "frequency",
    color: str = CANVAS_SIGNAL,
    **params: Any,
) -> Analysis:
    state, in_view = analyses.state, f"{name}_hz"
    rows = analyses.looked.rows[:count]

    def tabulate() -> pd.DataFrame:
        shown = zip(panel.lines, rows, strict=False)
        frames = [lines.frame().assign(signal=row.signal_id) for lines, row in shown]
        return pd.concat(frames) if frames else pd.DataFrame()

    panel = LinesPanel(
        VIEWS[name],
        name,
        colors=[color, *beside_colors(count - 1)],
        axis=axis_over(over, state.axis, analyses.mounting),
        scale=state.scale,
        range=getattr(state, in_view, None),
        marks=defect_marks(analyses.mounting, state.overlays, over),
        on_tap=lambda position: analyses.looked.on_tap(name, position),
        files=export(tabulate, f"{name}_{rows[0].id}"),
        **params,
    )

    def keep(event: param.parameterized.Event) -> None:
        if analyses.is_open:
            setattr(state, in_view, event.new)

    if in_view in state.param:
        panel.param.watch(keep, "range")
    return Analysis(panel, compute, panel.show, over, is_quick)
