"""Features of the real cepstrum: the strongest family of harmonics, and those of the shaft."""

import numpy as np
from numpy.typing import NDArray

from core.vibration.cepstrum import cepstrum_of_lines
from core.vibration.feature_kinds import Feature
from core.vibration.prepared import Prepared

FROM_S, TO_S = 0.0025, 0.25  # families of lines 4 to 400 Hz apart: shafts, bearings, slow gears
SPEED_TOLERANCE = 0.01

FEATURES = tuple(
    Feature(name, title, unit, definition, "cepstrum")
    for name, title, unit, definition in (
        (
            "cepstrum_peak",
            "Largest cepstral peak",
            "",
            "Largest value of the real cepstrum between 2.5 and 250 ms, in nepers.",
        ),
        (
            "cepstrum_peak_s",
            "Quefrency of that peak",
            "s",
            "Where that value is: one over the spacing of lines, or a multiple.",
        ),
        (
            "cepstrum_shaft",
            "Cepstral peak of the shaft",
            "",
            "Largest value of the real cepstrum within 1 % (at least a sample) of one revolution, in nepers.",
        ),
    )
)


def measure_cepstrum_features(
    prepared: Prepared, rate_hz: float, shaft_hz: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,), at shaft_hz (batch,).

    NaN where what is transformed of the signals is shorter than 0.5 s; that of the shaft also without a
    speed or where it holds less than two revolutions.
    """
    first, last = int(np.ceil(FROM_S * rate_hz)), int(TO_S * rate_hz)
    if last <= first or last > prepared.count // 2:
        return {feature.name: np.full(len(prepared), np.nan) for feature in FEATURES}
    cepstrum = cepstrum_of_lines(prepared.lines, prepared.count)
    place = first + cepstrum[:, first : last + 1].argmax(axis=-1)
    return {
        "cepstrum_peak": cepstrum[np.arange(len(cepstrum)), place].astype(np.float64),
        "cepstrum_peak_s": place / rate_hz,
        "cepstrum_shaft": np.array(
            [_near(row, rate_hz / speed) for row, speed in zip(cepstrum, shaft_hz, strict=True)]
        ),
    }


def _near(cepstrum: NDArray[np.floating], place: float) -> float:
    reach = max(SPEED_TOLERANCE * place, 1.0)
    if not place + reach < len(cepstrum):  # also where the speed is unknown
        return float("nan")
    return float(cepstrum[int(np.ceil(place - reach)) : int(place + reach) + 1].max())
