"""Time of one view of a record of 100 M samples: `python -m tests.bench.waveform` prints JSON."""

import json
import os
import tempfile
import time
from collections.abc import Iterator

import numpy as np

from core.queries.analyses.spectra import view_spectrum
from core.queries.signals import SignalRow
from core.queries.waveforms import read_stretch, view_waveform
from core.settings import get_settings
from core.storage import arrays

NUM_SAMPLES = 100_000_000
RATE_HZ = 48_000.0
CHUNK = 4_000_000
NUM_VIEWS = 300
NUM_SPECTRA = 10
POINTS = 1200


def measure(num_samples: int = NUM_SAMPLES) -> dict[str, float | int]:
    """Return milliseconds of views and spectra at random places and widths of a stored record."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["BRINELL_HOME"] = home
        get_settings.cache_clear()
        signal = _store(num_samples)
        rng = np.random.default_rng(0)
        views = [_time(view_waveform, signal, window) for window in zoom_windows(rng, signal, NUM_VIEWS)]
        spectra = [_time(view_spectrum, signal, window) for window in zoom_windows(rng, signal, NUM_SPECTRA)]
    return {
        "samples": num_samples,
        "views": NUM_VIEWS,
        "view_ms_p50": round(float(np.percentile(views, 50)), 3),
        "view_ms_p95": round(float(np.percentile(views, 95)), 3),
        "spectrum_ms_p50": round(float(np.percentile(spectra, 50)), 3),
        "spectrum_ms_max": round(max(spectra), 3),
    }


def _chunks(num_samples: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(CHUNK, dtype=np.float32)
    for start in range(0, num_samples, CHUNK):
        yield noise[: min(CHUNK, num_samples - start)] + np.float32(start / num_samples)


def _store(num_samples: int) -> SignalRow:
    stored = arrays.write_stream(_chunks(num_samples))
    unknown = dict.fromkeys(
        ("unit", "rpm", "load", "bearing_model", "bearing_id", "machine_id", "source_file", "rms", "kurtosis")
    )
    return SignalRow(
        id=1,
        dataset_id=1,
        dataset="bench",
        signal_id="long/x",
        record="long",
        channel="x",
        fault_class="healthy",
        severity="nominal",
        rate_hz=RATE_HZ,
        num_samples=stored.num_samples,
        checksum=stored.checksum,
        dominant_frequency=None,
        path=stored.path,
        meta_data={},
        findings=(),
        features={},
        **unknown,
    )


def zoom_windows(rng: np.random.Generator, signal: SignalRow, count: int) -> Iterator[tuple[float, float]]:
    """Yield windows as a person zooms: widths spread evenly over the decades, at any place."""
    for _ in range(count):
        width = signal.duration_s * 10 ** -rng.uniform(0, 5)
        start = rng.uniform(0, signal.duration_s - width)
        yield start, start + width


def _time(view: object, signal: SignalRow, window: tuple[float, float]) -> float:
    begin = time.perf_counter()
    if view is view_waveform:
        view_waveform(signal, *window, POINTS)
    else:
        view_spectrum(read_stretch(signal, *window))
    return 1000 * (time.perf_counter() - begin)


if __name__ == "__main__":
    print(json.dumps(measure()))
