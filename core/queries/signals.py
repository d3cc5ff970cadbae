"""Signals of a data set, and what is seen in a window of one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError, NotFoundError
from core.models import Dataset, Signal
from core.storage import arrays
from core.vibration import pyramid
from core.vibration.spectrum import amplitude_spectrum

# A spectrum of more is no longer read line by line, and would not be computed within a gesture.
MOST_SPECTRUM_SAMPLES = 1 << 20


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One channel of one record."""

    id: int
    dataset_id: int
    dataset: str
    signal_id: str
    record: str
    channel: str
    fault_class: str
    severity: str
    rate_hz: float
    num_samples: int
    unit: str | None
    rpm: float | None
    load: str | None
    bearing_model: str | None
    bearing_id: str | None
    machine_id: str | None
    source_file: str | None
    checksum: str
    rms: float | None
    kurtosis: float | None
    dominant_frequency: float | None
    path: str
    meta_data: dict[str, Any]
    findings: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        """Length of the record."""
        return self.num_samples / self.rate_hz


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """Which signals of a data set are wanted; None is any."""

    dataset_id: int
    channel: str | None = None
    fault_class: str | None = None
    severity: str | None = None
    load: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class WaveView:
    """Minimum and maximum in each of the view's bins; where `exact`, both are the samples themselves."""

    time_s: NDArray[np.float64]  # (num_bins,), from the record's start
    minimum: NDArray[np.float32]  # (num_bins,)
    maximum: NDArray[np.float32]  # (num_bins,)
    exact: bool
    num_samples: int  # in the window


@dataclass(frozen=True, slots=True)
class SpectrumView:
    """One-sided amplitude spectrum of a window; `start_s` and `stop_s` say which samples it stands on."""

    frequency_hz: NDArray[np.float64]  # (num_lines,)
    amplitude: NDArray[np.float64]  # (num_lines,)
    start_s: float
    stop_s: float

    @property
    def largest(self) -> tuple[float, float]:
        """Frequency (Hz) and amplitude of the largest line."""
        place = int(self.amplitude.argmax())
        return float(self.frequency_hz[place]), float(self.amplitude[place])


@dataclass(frozen=True, slots=True)
class LinesView:
    """What is seen of a spectrum: the largest of each `lines_per_point` neighbouring lines, at its place."""

    frequency_hz: NDArray[np.float64]  # (num_points,)
    amplitude: NDArray[np.float64]  # (num_points,)
    lines_per_point: int


SORT_COLUMNS: dict[str, Any] = {
    "record": Signal.signal_id,
    "channel": Signal.channel,
    "fault_class": Signal.fault_class,
    "severity": Signal.severity,
    "load": Signal.load,
    "rpm": Signal.rpm,
    "rate_hz": Signal.sampling_rate_hz,
    "num_samples": Signal.num_samples,
    "rms": Signal.rms,
    "kurtosis": Signal.kurtosis,
    "dominant_frequency": Signal.dominant_frequency,
}


def list_signals(
    session: Session,
    wanted: SignalFilter,
    *,
    sort: str = "record",
    descending: bool = False,
    limit: int = 25,
    offset: int = 0,
) -> tuple[list[SignalRow], int]:
    """Return one page of signals and how many there are in all."""
    order = _order(sort, descending=descending)
    conditions = _conditions(wanted)
    total = session.scalar(select(func.count(Signal.id)).where(*conditions)) or 0
    rows = session.execute(
        select(Signal, Dataset.name)
        .join(Dataset)
        .where(*conditions)
        .order_by(*order)
        .limit(limit)
        .offset(offset)
    )
    return [_row(*row) for row in rows], total


def find_place(
    session: Session, wanted: SignalFilter, signal_id: int, *, sort: str = "record", descending: bool = False
) -> int | None:
    """Return how many rows of `list_signals` come before a signal, or None where it is not among them."""
    numbered = (
        select(
            Signal.id, func.row_number().over(order_by=_order(sort, descending=descending)).label("number")
        )
        .where(*_conditions(wanted))
        .subquery()
    )
    number = session.scalar(select(numbered.c.number).where(numbered.c.id == signal_id))
    return None if number is None else int(number) - 1


def _order(sort: str, *, descending: bool) -> tuple[Any, Any]:
    if sort not in SORT_COLUMNS:
        raise InvalidInputError(f"signals are not sorted by {sort!r}; choose from {', '.join(SORT_COLUMNS)}")
    column = SORT_COLUMNS[sort]
    return (column.desc() if descending else column.asc()).nulls_last(), Signal.id


def _conditions(wanted: SignalFilter) -> list[Any]:
    conditions: list[Any] = [Signal.dataset_id == wanted.dataset_id]
    for column, value in (
        (Signal.channel, wanted.channel),
        (Signal.fault_class, wanted.fault_class),
        (Signal.severity, wanted.severity),
        (Signal.load, wanted.load),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.text:
        conditions.append(Signal.signal_id.icontains(wanted.text, autoescape=True))
    return conditions


def get_signal(session: Session, signal_id: int) -> SignalRow:
    """Return one signal."""
    row = session.execute(
        select(Signal, Dataset.name).join(Dataset).where(Signal.id == signal_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no signal {signal_id}; it may have been deleted with its data set")
    return _row(*row)


def _row(signal: Signal, dataset: str) -> SignalRow:
    meta = signal.meta_data or {}
    return SignalRow(
        id=signal.id,
        dataset_id=signal.dataset_id,
        dataset=dataset,
        signal_id=signal.signal_id,
        record=meta.get("record", signal.signal_id),
        channel=signal.channel,
        fault_class=signal.fault_class,
        severity=signal.severity,
        rate_hz=signal.sampling_rate_hz,
        num_samples=signal.num_samples,
        unit=signal.unit,
        rpm=signal.rpm,
        load=signal.load,
        bearing_model=signal.bearing_model,
        bearing_id=signal.bearing_id,
        machine_id=signal.machine_id,
        source_file=signal.source_file,
        checksum=signal.checksum,
        rms=signal.rms,
        kurtosis=signal.kurtosis,
        dominant_frequency=signal.dominant_frequency,
        path=signal.file_path,
        meta_data={key: value for key, value in meta.items() if key not in {"record", "findings"}},
        findings=tuple(meta.get("findings", ())),
    )


def view_waveform(signal: SignalRow, start_s: float, stop_s: float, num_points: int = 2000) -> WaveView:
    """Return what is seen of a window at the given width; the cost does not grow with the window."""
    start, stop = _bounds(signal, start_s, stop_s)
    index, minimum, maximum = pyramid.view(
        arrays.open_samples(signal.path), arrays.open_levels(signal.path), start, stop, num_points
    )
    # Every sample is there when there are as many points as samples, whichever way that came about.
    exact = len(index) == stop - start
    return WaveView(index / signal.rate_hz, minimum, maximum, exact, stop - start)


def view_spectrum(signal: SignalRow, start_s: float, stop_s: float) -> SpectrumView:
    """Return the amplitude spectrum of a window, or of its middle where it is longer than 2^20 samples."""
    start, stop = _bounds(signal, start_s, stop_s)
    if stop - start > MOST_SPECTRUM_SAMPLES:
        start = (start + stop - MOST_SPECTRUM_SAMPLES) // 2
        stop = start + MOST_SPECTRUM_SAMPLES
    samples = np.asarray(arrays.open_samples(signal.path)[start:stop], dtype=np.float64)
    frequency_hz, amplitude = amplitude_spectrum(samples, signal.rate_hz)
    return SpectrumView(frequency_hz, amplitude, start / signal.rate_hz, stop / signal.rate_hz)


def view_lines(spectrum: SpectrumView, low_hz: float, high_hz: float, num_points: int = 2000) -> LinesView:
    """Return what is seen of a spectrum between two frequencies: no line that stands out is left out."""
    first, last = np.searchsorted(spectrum.frequency_hz, [low_hz, high_hz])
    first, last = max(int(first) - 1, 0), min(int(last) + 1, len(spectrum.frequency_hz))
    frequency_hz, amplitude = spectrum.frequency_hz[first:last], spectrum.amplitude[first:last]
    lines_per_point = -(-len(amplitude) // num_points)
    if lines_per_point <= 1:
        return LinesView(frequency_hz, amplitude, 1)
    padded = np.pad(amplitude, (0, -len(amplitude) % lines_per_point), constant_values=-1.0)
    place = padded.reshape(-1, lines_per_point).argmax(axis=1)
    place += np.arange(0, len(padded), lines_per_point)
    return LinesView(frequency_hz[place], amplitude[place], lines_per_point)


def read_window(signal: SignalRow, start_s: float, stop_s: float) -> pd.DataFrame:
    """Return every sample of a window: time_s from the record's start, and amplitude."""
    start, stop = _bounds(signal, start_s, stop_s)
    samples = np.array(arrays.open_samples(signal.path)[start:stop])
    return pd.DataFrame({"time_s": np.arange(start, stop) / signal.rate_hz, "amplitude": samples})


def _bounds(signal: SignalRow, start_s: float, stop_s: float) -> tuple[int, int]:
    # A time that names a sample exactly may come out beside it by rounding: 1.1 s * 12 kHz > 13,200.
    start = max(0, min(int(np.floor(start_s * signal.rate_hz + 1e-6)), signal.num_samples - 2))
    stop = min(signal.num_samples, max(int(np.ceil(stop_s * signal.rate_hz - 1e-6)), start + 2))
    return start, stop


def read_samples(signal: SignalRow) -> NDArray[np.float32]:
    """Open the whole record as a read-only memory map of (num_samples,) float32."""
    return arrays.open_samples(signal.path)
