"""One signal as a notebook has it: samples, and every analysis that the page draws."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.queries.analyses.cepstra import view_cepstrum
from core.queries.analyses.comparisons import view_coherence, view_difference
from core.queries.analyses.defects import CombsView, view_combs
from core.queries.analyses.envelopes import Band, view_envelope
from core.queries.analyses.kurtograms import KurtogramView, view_kurtogram
from core.queries.analyses.lines import Lines
from core.queries.analyses.maps import MapView, view_scalogram, view_spectrogram
from core.queries.analyses.mountings import Mounting, find_mounting
from core.queries.analyses.orbits import OrbitView, view_orbit
from core.queries.analyses.order_spectra import view_orders
from core.queries.analyses.severities import SeverityView, view_severity
from core.queries.analyses.spectra import SpectrumChoice, view_spectrum
from core.queries.signals import SignalRow
from core.queries.waveforms import Stretch, read_samples, read_stretch, read_window

DEFAULT_ZONE = "Class II"


@dataclass(frozen=True, slots=True)
class SignalHandle:
    """One channel of one record. Windows are in s; of more than 2^18 samples the middle is analysed.

    `rpm` and `bearing`, where they are given, stand instead of what the record states.
    """

    row: SignalRow

    @property
    def rate_hz(self) -> float:
        """Sampling rate."""
        return self.row.rate_hz

    @property
    def samples(self) -> NDArray[np.float32]:
        """The whole record as a read-only memory map of (num_samples,) float32, in `row.unit`."""
        return read_samples(self.row)

    def window(self, start_s: float = 0.0, stop_s: float | None = None) -> pd.DataFrame:
        """Return every sample from `start_s` up to `stop_s`: time_s and amplitude, in `row.unit`."""
        return read_window(self.row, *self._bounds(start_s, stop_s))

    def spectrum(self, start_s: float = 0.0, stop_s: float | None = None, **choice: Any) -> Lines:
        """Return the one-sided amplitude spectrum; `choice` are the fields of SpectrumChoice."""
        known = [field.name for field in fields(SpectrumChoice)]
        if unknown := [name for name in choice if name not in known]:
            raise InvalidInputError(
                f"{', '.join(unknown)} is nothing to choose of a spectrum: {', '.join(known)} are "
                "(what weights its samples is the window)"
            )
        return view_spectrum(self._read(start_s, stop_s), SpectrumChoice(**choice))

    def envelope(
        self, start_s: float = 0.0, stop_s: float | None = None, band_hz: Band | None = None
    ) -> Lines:
        """Return the squared envelope spectrum in a band; the whole spectrum unless given."""
        return view_envelope(self._read(start_s, stop_s), band_hz)

    def kurtogram(self, min_width_hz: float = 0.0) -> KurtogramView:
        """Return the fast kurtogram of the record, and the band of the largest kurtosis wide enough."""
        return view_kurtogram(self._read(0.0, None), min_width_hz)

    def combs(self, *, rpm: float | None = None, bearing: str = "") -> CombsView:
        """Return how clearly each of the bearing's defects stands out in the record."""
        return view_combs(self._read(0.0, None), self._mounting(rpm, bearing))

    def cepstrum(self, start_s: float = 0.0, stop_s: float | None = None) -> Lines:
        """Return the real cepstrum above 1 ms of quefrency."""
        return view_cepstrum(self._read(start_s, stop_s))

    def orders(
        self,
        start_s: float = 0.0,
        stop_s: float | None = None,
        *,
        rpm: float | None = None,
        tacho: "SignalHandle | None" = None,
    ) -> Lines:
        """Return the order spectrum, by a channel of pulses or by the shaft's own line if it stands out."""
        pulses = tacho._read(start_s, stop_s) if tacho else None
        return view_orders(self._read(start_s, stop_s), self._mounting(rpm), pulses)

    def spectrogram(self, start_s: float = 0.0, stop_s: float | None = None) -> MapView:
        """Return the spectrogram."""
        return view_spectrogram(self._read(start_s, stop_s))

    def scalogram(self, start_s: float = 0.0, stop_s: float | None = None) -> MapView:
        """Return the scalogram of a complex Morlet wavelet."""
        return view_scalogram(self._read(start_s, stop_s))

    def difference(self, other: "SignalHandle", start_s: float = 0.0, stop_s: float | None = None) -> Lines:
        """Return how much higher each line of the other record is, in dB."""
        return view_difference(self._read(start_s, stop_s), other._read(start_s, stop_s))

    def coherence(self, other: "SignalHandle", start_s: float = 0.0, stop_s: float | None = None) -> Lines:
        """Return the coherence with another channel of the same record."""
        return view_coherence(self._read(start_s, stop_s), other._read(start_s, stop_s))

    def orbit(
        self,
        other: "SignalHandle",
        start_s: float = 0.0,
        stop_s: float | None = None,
        *,
        rpm: float | None = None,
    ) -> OrbitView:
        """Return the orbit that this probe (X) and another (Y) of the record see."""
        x, y = self._read(start_s, stop_s), other._read(start_s, stop_s)
        return view_orbit(x, y, self._mounting(rpm))

    def severity(
        self,
        start_s: float = 0.0,
        stop_s: float | None = None,
        *,
        zone: str = DEFAULT_ZONE,
        limits: tuple[float, float, float] | None = None,
    ) -> SeverityView:
        """Return the zone of the RMS velocity of 10 to 1,000 Hz by a preset's limits, or by one's own."""
        return view_severity(self._read(start_s, stop_s), zone, limits)

    def _read(self, start_s: float, stop_s: float | None) -> Stretch:
        return read_stretch(self.row, *self._bounds(start_s, stop_s))

    def _mounting(self, rpm: float | None, bearing: str = "") -> Mounting:
        return find_mounting(self.row, rpm, bearing)

    def _bounds(self, start_s: float, stop_s: float | None) -> tuple[float, float]:
        end_s = self.row.duration_s if stop_s is None else stop_s
        if not start_s < end_s:
            raise InvalidInputError(
                f"the window from {start_s:g} to {end_s:g} s is empty; begin it before it ends (the record "
                f"lasts {self.row.duration_s:g} s)"
            )
        return start_s, end_s
