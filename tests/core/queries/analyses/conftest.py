"""Made-up records as an import would store them, and what is read of them."""

from collections.abc import Callable
from itertools import count

import numpy as np
import pytest
from numpy.typing import NDArray

from core.queries import signals
from core.queries.signals import SignalRow
from core.queries.waveforms import Stretch, read_stretch
from core.services.access import Actor
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.specs import GenerationSpec, Recording
from core.storage import arrays
from core.storage.database import read_scope, session_scope
from core.vibration.synthesis import generate

RATE_HZ = 12_000.0

Store = Callable[..., SignalRow]
Whole = Callable[..., Stretch]


def sine(
    frequency_hz: float, amplitude: float = 1.0, duration_s: float = 1.0, rate_hz: float = RATE_HZ
) -> NDArray[np.float64]:
    """A sine of one frequency, that begins at its crest."""
    return amplitude * np.cos(2 * np.pi * frequency_hz * np.arange(round(duration_s * rate_hz)) / rate_hz)


def made_record(fault_class: str, **chosen: object) -> Recording:
    """The first generated record of a class: severe, of four seconds."""
    spec = GenerationSpec(
        dataset="made",
        classes=(fault_class,),
        severities=("severe",),
        loads=(0.0,),
        **({"machines": 1, "duration_s": 4.0, "records_per_condition": 1} | chosen),
    )
    return next(iter(generate(spec)))


@pytest.fixture
def store(researcher: Actor) -> Store:
    """A function that stores samples as one channel, of a record of its own by default; returns its row."""
    names = (f"r{number}" for number in count(1))

    def store(samples: NDArray[np.floating], **known: object) -> SignalRow:
        array = arrays.write(np.asarray(samples, np.float32))
        facts = {
            "record": next(names),
            "channel": "DE",
            "rate_hz": RATE_HZ,
            "fault_class": "ball",
            "severity": "mild",
        }
        recording = Recording(samples=np.empty(0, np.float32), **facts | known)
        item = StoredRecording(
            recording=recording,
            path=array.path,
            checksum=array.checksum,
            num_samples=array.num_samples,
            rms=None,
            kurtosis=None,
            dominant_frequency=None,
        )
        with session_scope() as session:
            dataset = ensure_dataset(session, researcher, "rig")
            add_signals(session, researcher, dataset, [item])
            rows, _ = signals.list_signals(session, signals.SignalFilter(dataset.id), limit=100)
            newest = max(row.id for row in rows)
        with read_scope() as session:
            return signals.get_signal(session, newest)

    return store


@pytest.fixture
def whole(store: Store) -> Whole:
    """A function that stores samples and reads the whole record as a stretch."""

    def read(samples: NDArray[np.floating], **known: object) -> Stretch:
        row = store(samples, **known)
        return read_stretch(row, 0.0, row.duration_s)

    return read


@pytest.fixture
def made(store: Store) -> Callable[..., Stretch]:
    """A function that stores the first generated record of a class and reads the whole."""

    def read(fault_class: str, **chosen: object) -> Stretch:
        made = made_record(fault_class, **chosen)
        known = {name: getattr(made, name) for name in ("rpm", "bearing_model", "meta_data", "unit")}
        row = store(made.samples, rate_hz=made.rate_hz, **known)
        return read_stretch(row, 0.0, row.duration_s)

    return read
