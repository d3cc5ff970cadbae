"""Features of the real cepstrum: the strongest family of harmonics, and those of the shaft."""

import numpy as np
from numpy.typing import NDArray

from core.vibration.cepstrum import real_cepstrum
from core.vibration.feature_kinds import Feature

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
    samples: NDArray[np.float64], rate_hz: float, shaft_hz: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,), of samples (batch, n) at shaft_hz (batch,).

    NaN where a signal is constant or shorter than 0.5 s; that of the shaft also without a speed or
    where the record holds less than two revolutions.
    """
    found = {feature.name: np.full(len(samples), np.nan) for feature in FEATURES}
    varies = np.ptp(samples, axis=-1) > 0
    first, last = int(np.ceil(FROM_S * rate_hz)), int(TO_S * rate_hz)
    if not varies.any() or samples.shape[-1] < 2 * TO_S * rate_hz or last <= first:
        return found
    quefrency_s, cepstrum = real_cepstrum(samples[varies].astype(np.float32), rate_hz)
    place = first + cepstrum[:, first : last + 1].argmax(axis=-1)
    found["cepstrum_peak"][varies] = cepstrum[np.arange(len(cepstrum)), place]
    found["cepstrum_peak_s"][varies] = quefrency_s[place]
    found["cepstrum_shaft"][varies] = [
        _near(row, rate_hz / speed) for row, speed in zip(cepstrum, shaft_hz[varies], strict=True)
    ]
    return found


def _near(cepstrum: NDArray[np.float64], place: float) -> float:
    reach = max(SPEED_TOLERANCE * place, 1.0)
    if not place + reach < len(cepstrum):  # also where the speed is unknown
        return float("nan")
    return float(cepstrum[int(np.ceil(place - reach)) : int(place + reach) + 1].max())
