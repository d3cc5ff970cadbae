from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from core.errors import InvalidInputError
from core.vibration.bearings import SKF_6205_2RS, defect_orders
from core.vibration.combs import (
    KINDS,
    choose_comb,
    score_combs,
    score_spectrum,
    whitened_envelope_spectrum,
)

RATE_HZ = 12_000.0
RPM = 1770.0
SHAFT_HZ = RPM / 60
ORDERS = defect_orders(SKF_6205_2RS)


def noise(seconds: float = 5.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(int(seconds * RATE_HZ))


def ring(force: np.ndarray, resonance_hz: float = 3000.0) -> np.ndarray:
    pole = 0.93 * np.exp(2j * np.pi * resonance_hz / RATE_HZ)
    return lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], force)


def impacts(frequency_hz: float, strength: float, jitter: float = 0.01, seed: int = 3) -> np.ndarray:
    """Impacts with 1 % of random slip that ring a resonance, in the noise of the sensor."""
    rng = np.random.default_rng(seed)
    gaps = RATE_HZ / frequency_hz * (1 + jitter * rng.standard_normal(2000))
    force = np.zeros(int(5 * RATE_HZ))
    place = np.cumsum(gaps).astype(int)
    force[place[place < len(force)]] = strength
    return ring(force) + noise(seed=seed)


@pytest.mark.parametrize("kind", KINDS)
def test_train_of_impacts_is_named_and_its_slip_found(kind):
    order = getattr(ORDERS, kind)
    comb = choose_comb(score_combs(impacts(order * SHAFT_HZ * 0.994, 6.0), RATE_HZ, RPM, ORDERS))
    assert comb is not None
    assert comb.kind == kind
    assert comb.slip == pytest.approx(-0.006, abs=0.002)
    assert comb.frequency_hz == pytest.approx(order * SHAFT_HZ * (1 + comb.slip))
    assert comb.harmonics_found >= 2


@pytest.mark.parametrize("resonance_hz", [1000.0, 2500.0, 4800.0])
def test_comb_is_found_wherever_the_structure_rings(resonance_hz):
    x = noise() + 3 * ring(np.where(np.arange(60_000) % 114 == 0, 4.0, 0.0), resonance_hz)
    x += 20 * np.sin(2 * np.pi * 700 * np.arange(60_000) / RATE_HZ)  # a strong line elsewhere
    comb = choose_comb(score_combs(x, RATE_HZ, RATE_HZ / 114 / ORDERS.bpfo * 60, ORDERS))
    assert comb is not None
    assert comb.kind == "bpfo"


def test_noise_shows_no_comb_but_once_in_fifty_records():
    alarms = [choose_comb(score_combs(noise(2.0, seed), RATE_HZ, RPM, ORDERS)) for seed in range(50)]
    assert sum(alarm is not None for alarm in alarms) <= 1


def test_noise_modulated_by_the_shaft_shows_no_defect():
    phase = 2 * np.pi * SHAFT_HZ * np.arange(60_000) / RATE_HZ
    x = noise() * (1 + 0.8 * sum(np.cos(k * phase) / k for k in range(1, 12)))
    assert choose_comb(score_combs(x, RATE_HZ, RPM, ORDERS)) is None
    almost_shaft = replace(ORDERS, bpfo=3.99, bpfi=5.01)
    scores = {score.kind: score for score in score_combs(x, RATE_HZ, RPM, almost_shaft)}
    assert scores["bpfo"].snr_db < 10
    assert scores["bpfi"].snr_db < 10


def test_score_does_not_know_gain_or_offset():
    x = impacts(ORDERS.bpfi * SHAFT_HZ, 6.0)
    once = score_combs(x, RATE_HZ, RPM, ORDERS)
    again = score_combs(1e-3 * x + 1, RATE_HZ, RPM, ORDERS)
    for score, other in zip(once, again, strict=True):
        assert other.snr_db == pytest.approx(score.snr_db, abs=1e-3)


def test_score_is_the_mean_height_of_the_first_three_harmonics():
    amplitude = np.ones(4000)
    for harmonic, height_db in ((1, 30), (2, 20), (3, 10), (4, 12)):
        amplitude[round(harmonic * ORDERS.bpfo * SHAFT_HZ / 0.2)] = 10 ** (height_db / 20)
    bpfo = score_spectrum(amplitude, 0.2, SHAFT_HZ, ORDERS)[0]
    assert bpfo.snr_db == pytest.approx(20)
    assert (bpfo.harmonics_found, bpfo.harmonics_looked_at) == (4, 7)
    assert bpfo.describe() == "BPFO: 4 of 7 harmonics, 20 dB"


def test_lone_line_is_no_comb():
    amplitude = np.ones(4000)
    amplitude[round(ORDERS.bpfo * SHAFT_HZ / 0.2)] = 100
    scores = score_spectrum(amplitude, 0.2, SHAFT_HZ, ORDERS)
    assert scores[0].snr_db == pytest.approx(40 / 3)
    assert choose_comb(scores) is None


def test_comb_beyond_the_spectrum_is_not_scored():
    amplitude = np.ones(int(2.2 * ORDERS.bpfo * SHAFT_HZ / 0.2))
    scores = {score.kind: score for score in score_spectrum(amplitude, 0.2, SHAFT_HZ, ORDERS)}
    assert np.isnan(scores["bpfi"].snr_db)
    assert scores["ftf"].harmonics_looked_at == 8
    assert choose_comb(tuple(scores.values())) is None


def test_whitening_takes_away_the_colour():
    x = ring(noise())
    frequency_hz, amplitude = whitened_envelope_spectrum(x, RATE_HZ, 300.0)
    _, white = whitened_envelope_spectrum(noise(seed=1), RATE_HZ, 300.0)
    near = (frequency_hz > 1) & (frequency_hz < 500)
    assert np.median(amplitude[near]) == pytest.approx(np.median(white[near]), rel=0.1)


def test_shorter_spectrum_has_the_same_lines():
    x = impacts(ORDERS.bpfi * SHAFT_HZ, 6.0)
    frequency_hz, amplitude = whitened_envelope_spectrum(x, RATE_HZ, 300.0)
    shorter_hz, shorter = whitened_envelope_spectrum(x, RATE_HZ, 300.0, max_hz=1_000.0)
    assert shorter_hz[-1] == pytest.approx(1_000, abs=RATE_HZ / len(x))
    np.testing.assert_allclose(shorter_hz, frequency_hz[: len(shorter_hz)])
    np.testing.assert_allclose(shorter, amplitude[: len(shorter)], atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rpm": 0.0}, "must be positive"),
        ({"rpm": np.nan}, "must be positive"),
        ({"x": noise(0.5)}, "14.8 revolutions"),
        ({"x": np.full(60_000, 0.1)}, "constant signal"),
    ],
)
def test_what_has_no_combs_is_refused(changed, message):
    given = {"x": noise(), "rpm": RPM} | changed
    with pytest.raises(InvalidInputError, match=message):
        score_combs(given["x"], RATE_HZ, given["rpm"], ORDERS)


@pytest.mark.parametrize("order", [0.0, -1.0, np.nan, np.inf, 1e300, 1e-300])
def test_orders_that_no_bearing_has_are_refused(order):
    with pytest.raises(InvalidInputError, match=r"must lie between 0\.01 and 1000"):
        score_combs(noise(), RATE_HZ, RPM, replace(ORDERS, bpfi=order))


def test_width_beyond_the_spectrum_whitens_by_its_mean():
    x = noise(0.5)
    found = [whitened_envelope_spectrum(x, RATE_HZ, width_hz)[1] for width_hz in (2 * RATE_HZ, 1e30)]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("order", [0.01, 1000.0])
def test_outermost_orders_are_scored_on_the_shortest_record(order):
    x = noise()[: int(np.ceil(16 * RATE_HZ / SHAFT_HZ))]
    extreme = type(ORDERS)(order, order, order, order)
    assert all(np.isnan(score.snr_db) for score in score_combs(x, RATE_HZ, RPM, extreme))
