"""The amplitude spectrum of a stretch, plain or averaged, in the unit that is asked for."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.queries.analyses.checks import check_stretch
from core.queries.analyses.lines import Lines, Reals
from core.queries.waveforms import Stretch
from core.vibration.averaging import Averaging, averaged_spectrum
from core.vibration.spectrum import amplitude_spectrum
from core.vibration.units import HIGHPASS_HZ, convert_lines, parse_unit

Detection = Literal["peak", "rms", "peak-to-peak"]
WINDOW_TITLES = {
    "rectangular": "rectangular",
    "hann": "Hann",
    "hamming": "Hamming",
    "blackmanharris": "Blackman-Harris",
    "flattop": "flat-top",
    "kaiser": "Kaiser",
}
LEAST_SEGMENT = 64  # samples of the shortest segment that is averaged


@dataclass(frozen=True, slots=True)
class SpectrumChoice:
    """How a spectrum is made; `unit` None is the record's own."""

    window: str = "hann"
    averages: int = 1
    averaging: Averaging = "rms"
    detection: Detection = "peak"
    unit: str | None = None


PLAIN = SpectrumChoice()


def view_spectrum(stretch: Stretch, choice: SpectrumChoice = PLAIN) -> Lines:
    """Return the one-sided amplitude spectrum, the mean removed; averaged over half-overlapping segments."""
    check_stretch(stretch, LEAST_SEGMENT * (choice.averages + 1) // 2)
    step, amplitude, averages = _measure(stretch, choice)
    unit, told = stretch.signal.unit, WINDOW_TITLES[choice.window]
    if choice.unit is not None:
        frequency_hz = np.arange(len(amplitude)) * step
        amplitude = convert_lines(amplitude, frequency_hz, unit, choice.unit)
        if parse_unit(choice.unit).derivative < parse_unit(unit).derivative:
            told += f" · integrated above {HIGHPASS_HZ:g} Hz"
        unit = choice.unit
    if choice.averages > 1:
        told += f" · {averages} averages, {choice.averaging}"
    return Lines(
        amplitude=amplitude,
        step=step,
        axis="frequency_hz",
        unit=f"{unit} {choice.detection}" if unit else None,
        words=f"{stretch.words()} · {told}",
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
        window=choice.window,
    )


def _measure(stretch: Stretch, choice: SpectrumChoice) -> tuple[float, Reals, int]:
    if choice.averages == 1:
        frequency_hz, amplitude = amplitude_spectrum(
            stretch.samples,
            stretch.rate_hz,
            choice.window,
            detection=choice.detection,
            single_precision=True,
        )
        return float(frequency_hz[1]), amplitude, 1
    segment = 2 * (len(stretch.samples) // (choice.averages + 1))  # even, so that its half is whole
    found = averaged_spectrum(
        stretch.samples,
        stretch.rate_hz,
        segment,
        window=choice.window,
        averaging=choice.averaging,
        detection=choice.detection,
        single_precision=True,
    )
    return float(found.frequency_hz[1]), found.amplitude, found.num_averages
