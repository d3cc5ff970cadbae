"""The fast kurtogram of a stretch, and the band that it chooses."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.queries.analyses.checks import check_stretch
from core.queries.waveforms import Stretch
from core.vibration.kurtogram import choose_band, fast_kurtogram

Band = tuple[float, float]


@dataclass(frozen=True, slots=True)
class KurtogramView:
    """Spectral kurtosis over level and frequency, every band as wide as it is."""

    picture: NDArray[np.float64]  # (levels, columns), columns evenly from 0 to end_hz
    levels: NDArray[np.float64]  # (levels,): log2 of the number of bands
    end_hz: float
    band_hz: Band  # of the largest kurtosis
    words: str
    is_log: bool = False

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left and right in Hz; each level is one high."""
        return 0.0, self.end_hz, 0.0, float(len(self.levels))

    @property
    def limits(self) -> tuple[float, float]:
        """The values of the darkest and the brightest ink."""
        return 0.0, max(float(np.nanmax(self.picture)), 1e-9)

    @property
    def labels(self) -> tuple[str, str, str]:
        """What the two axes and the values are."""
        return "frequency (Hz)", "width of the bands (Hz)", "spectral kurtosis"

    @property
    def row_names(self) -> list[str]:
        """The width of each level's bands in Hz, the lowest level first."""
        return [f"{self.end_hz / 2**level:,.0f}" for level in self.levels]

    def frame(self) -> pd.DataFrame:
        """Return one row a level and column: its frequency and the kurtosis."""
        num_levels, columns = self.picture.shape
        edges = np.linspace(0.0, self.end_hz, columns + 1)
        return pd.DataFrame(
            {
                "level": np.repeat(self.levels, columns),
                "low_hz": np.tile(edges[:-1], num_levels),
                "high_hz": np.tile(edges[1:], num_levels),
                "kurtosis": self.picture.ravel(),
            }
        )


def view_kurtogram(stretch: Stretch, min_width_hz: float = 0.0) -> KurtogramView:
    """Return the kurtogram and the band of the largest kurtosis that is wide enough."""
    check_stretch(stretch)
    found = fast_kurtogram(stretch.samples, stretch.rate_hz)
    low_hz, high_hz = choose_band(found, min_width_hz)
    return KurtogramView(
        picture=found.to_picture(),
        levels=found.levels,
        end_hz=stretch.rate_hz / 2,
        band_hz=(float(low_hz), float(high_hz)),
        words=stretch.words(),
    )
