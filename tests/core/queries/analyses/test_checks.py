"""What no analysis can be made of is refused by each, and the message says the next step."""

import re

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.analyses.cepstra import view_cepstrum
from core.queries.analyses.checks import check_stretch
from core.queries.analyses.comparisons import view_coherence, view_difference
from core.queries.analyses.defects import view_combs
from core.queries.analyses.envelopes import view_envelope
from core.queries.analyses.kurtograms import view_kurtogram
from core.queries.analyses.lines import Lines
from core.queries.analyses.maps import view_scalogram, view_spectrogram
from core.queries.analyses.mountings import Mounting
from core.queries.analyses.orbits import view_orbit
from core.queries.analyses.order_spectra import view_orders
from core.queries.analyses.severities import view_severity
from core.queries.analyses.spectra import SpectrumChoice, view_spectrum
from core.queries.waveforms import Stretch, read_stretch
from core.vibration.bearing_catalogue import find_bearing

MOUNTING = Mounting(1800.0, find_bearing("6205-2RS").orders, "")
ANALYSES = {
    "spectrum": view_spectrum,
    "averaged": lambda part: view_spectrum(part, SpectrumChoice(averages=16)),
    "envelope": lambda part: view_envelope(part, (1000.0, 3000.0)),
    "kurtogram": view_kurtogram,
    "spectrogram": view_spectrogram,
    "scalogram": view_scalogram,
    "cepstrum": view_cepstrum,
    "orders": lambda part: view_orders(part, MOUNTING),
    "combs": lambda part: view_combs(part, MOUNTING),
    "difference": lambda part: view_difference(part, part),
    "coherence": lambda part: view_coherence(part, part),
    "orbit": lambda part: view_orbit(part, part, MOUNTING),
    "severity": lambda part: view_severity(part, "Class II", None),
}
SHORT = (40, 70, 100, 150, 300, 600, 1100)  # samples
EACH = pytest.mark.parametrize("name", ANALYSES)


def refusal(name, stretch):
    """What an analysis says instead of a result."""
    try:
        ANALYSES[name](stretch)
    except InvalidInputError as error:
        return str(error)
    return ""


@EACH
def test_constant_samples_are_refused(whole, name):
    with pytest.raises(InvalidInputError, match=r"are 2.5: nothing varies; choose another window or channel"):
        ANALYSES[name](whole(np.full(24_000, 2.5), unit="g"))


@EACH
def test_sixteen_samples_are_too_few(store, name):
    row = store(np.random.default_rng(1).standard_normal(24_000), unit="g")
    told = r"^16 samples are in view; this needs at least [\d,]+: zoom out"
    with pytest.raises(InvalidInputError, match=told):
        ANALYSES[name](read_stretch(row, 0.0, 16 / row.rate_hz))


@EACH
def test_short_window_is_analysed_or_refused_with_the_next_step(store, name):
    row = store(np.random.default_rng(1).standard_normal(24_000), unit="g")
    told = [refusal(name, read_stretch(row, 0.0, count / row.rate_hz)) for count in SHORT]
    assert [words for words in told if words and not re.search("; |: zoom out", words)] == []


def test_gaps_are_refused(store):
    row = store(np.zeros(64))
    gap = Stretch(np.array([1.0, np.nan] * 32, np.float32), row.rate_hz, 0.0, False, row)
    with pytest.raises(InvalidInputError, match=r"not finite.*zoom past the gap"):
        check_stretch(gap)


@EACH
def test_record_that_is_short_itself_is_not_to_be_zoomed_out_of(whole, name):
    with pytest.raises(InvalidInputError, match=r"^16 samples are in view.*: the record holds no more$"):
        ANALYSES[name](whole(np.random.default_rng(1).standard_normal(16), unit="g"))


@EACH
@pytest.mark.parametrize("factor", [1e-42, 1e-30, 1e13, 1e30, 7e37])
def test_what_no_sensor_measures_is_refused(whole, name, factor):
    noise = np.clip(np.random.default_rng(1).standard_normal(24_000), -4, 4)
    with pytest.raises(InvalidInputError, match=r"^samples in view from .* are no measurement.*; rescale"):
        ANALYSES[name](whole(factor * noise, unit="g"))


@EACH
@pytest.mark.parametrize("factor", [1e-13, 1e11])
def test_smallest_and_largest_measurements_are_analysed_without_a_gap(whole, name, factor):
    found = ANALYSES[name](whole(factor * np.random.default_rng(1).standard_normal(24_000), unit="g"))
    if isinstance(found, Lines):
        assert np.isfinite([*found.largest, found.smallest]).all()
    elif hasattr(found, "picture"):
        assert np.isfinite(found.picture).all()
