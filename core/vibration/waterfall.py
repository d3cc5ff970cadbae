"""The waterfall: the averaged spectra of several records on one grid of frequencies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.averaging import Averaging, averaged_spectrum
from core.vibration.inputs import check_rate_hz
from core.vibration.spectrum import Detection


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One spectrum a record."""

    frequency_hz: NDArray[np.float64]  # (bins,)
    amplitude: NDArray[np.float64]  # (records, bins), in the records' unit


def waterfall(
    records: Sequence[ArrayLike],
    rates_hz: Sequence[float],
    resolution_hz: float,
    *,
    overlap: float = 0.5,
    window: str = "hann",
    averaging: Averaging = "rms",
    detection: Detection = "peak",
) -> Waterfall:
    """Return the averaged amplitude spectra of records of any lengths and rates on one grid.

    Each record is cut into segments of 1 / resolution_hz, to the nearest sample. Where that is no whole
    number of samples its own lines lie a little beside the grid's, and are read there in straight lines
    between them. The grid ends at half the lowest rate.

    Parameters
    ----------
    records : sequence of (samples,), real
        In one unit.
    rates_hz : sequence of float
        Sampling rate of each.
    resolution_hz : float
        Distance of the lines.
    overlap, window, averaging, detection
        As in `averaging.averaged_spectrum`.

    Returns
    -------
    Waterfall

    Raises
    ------
    InvalidInputError
        Where there are no records or not as many rates, a record is shorter than 1 / resolution_hz, or
        as `averaging.averaged_spectrum`; the message begins with the record's number from 1.
    """
    if not records or len(records) != len(rates_hz):
        raise InvalidInputError(
            f"{len(records)} records and {len(rates_hz)} rates: a waterfall needs records and a rate for each"
        )
    lowest_hz = min(check_rate_hz(rate_hz) for rate_hz in rates_hz)
    if not 0 < resolution_hz <= lowest_hz / 16:
        raise InvalidInputError(
            f"resolution_hz={resolution_hz:g} must be above 0 and at most a 16th of the lowest rate, "
            f"{lowest_hz / 16:g}; change it"
        )
    grid = np.arange(int(lowest_hz / 2 / resolution_hz + 1e-9) + 1, dtype=np.float64) * resolution_hz
    rows = []
    for number, (record, rate_hz) in enumerate(zip(records, rates_hz, strict=True), start=1):
        try:
            found = averaged_spectrum(
                record,
                rate_hz,
                round(rate_hz / resolution_hz),
                overlap=overlap,
                window=window,
                averaging=averaging,
                detection=detection,
            )
        except InvalidInputError as error:
            raise InvalidInputError(f"record {number}: {error}") from error
        rows.append(np.interp(grid, found.frequency_hz, found.amplitude))
    return Waterfall(grid, np.asarray(rows))
