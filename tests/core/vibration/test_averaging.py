import numpy as np
import pytest
from scipy.signal import welch

from core.errors import InvalidInputError
from core.vibration.averaging import averaged_spectrum, power_density
from core.vibration.windows import KAISER_BETA, WINDOWS, window_weights

RATE_HZ = 12_000.0
SCIPY_NAMES = {"rectangular": "boxcar", "kaiser": ("kaiser", KAISER_BETA)}
NOISE = np.random.default_rng(1).standard_normal((2, 3, 9000)) + 3.0
LONG = np.random.default_rng(2).standard_normal(600_000)


@pytest.mark.parametrize("segment", [512, 513])
@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.75])
@pytest.mark.parametrize("window", WINDOWS)
def test_density_and_spectrum_are_those_of_scipy_welch(window, overlap, segment):
    hop = segment - round(overlap * segment)
    scipys = {"window": SCIPY_NAMES.get(window, window), "nperseg": segment, "noverlap": segment - hop}
    frequency_hz, density = welch(NOISE, RATE_HZ, **scipys)
    found = power_density(NOISE, RATE_HZ, segment, overlap=overlap, window=window)
    np.testing.assert_allclose(found.frequency_hz, frequency_hz)
    np.testing.assert_allclose(found.amplitude, density, rtol=1e-9, atol=1e-18)
    _, power = welch(NOISE, RATE_HZ, scaling="spectrum", **scipys)
    rms = averaged_spectrum(
        NOISE, RATE_HZ, segment, overlap=overlap, window=window, detection="rms"
    ).amplitude[..., 1:-1]
    np.testing.assert_allclose(rms, np.sqrt(power[..., 1:-1]), rtol=1e-9)
    whole = averaged_spectrum(NOISE, RATE_HZ, segment, overlap=overlap, window=window)
    np.testing.assert_allclose(whole.amplitude[..., 0], np.sqrt(power[..., 0]), rtol=1e-9, atol=1e-12)
    assert found.num_averages == (9000 - segment) // hop + 1


@pytest.mark.parametrize("window", WINDOWS)
def test_density_integrates_to_the_window_weighted_variance(window):
    found = power_density(NOISE, RATE_HZ, 1000, overlap=0.0, window=window)
    weights = window_weights(window, 1000)
    segments = NOISE.reshape(2, 3, 9, 1000)
    centred = segments - segments.mean(axis=-1, keepdims=True)
    variance = (np.square(weights * centred).sum(axis=-1) / np.square(weights).sum()).mean(axis=-1)
    np.testing.assert_allclose(found.amplitude.sum(axis=-1) * RATE_HZ / 1000, variance, rtol=1e-12)


@pytest.mark.parametrize("segment", [9000, 8999])
def test_rectangular_density_of_the_whole_integrates_to_the_variance(segment):
    x = NOISE[..., :segment]
    found = power_density(x, RATE_HZ, segment, window="rectangular")
    np.testing.assert_allclose(found.amplitude.sum(axis=-1) * RATE_HZ / segment, x.var(axis=-1), rtol=1e-12)


def test_blocks_leave_no_seam():
    _, expected = welch(LONG, RATE_HZ, nperseg=1024)
    np.testing.assert_allclose(power_density(LONG, RATE_HZ, 1024).amplitude, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("detection", "shown"), [("peak", 2.5), ("rms", 2.5 / np.sqrt(2)), ("peak-to-peak", 5.0)]
)
@pytest.mark.parametrize("averaging", ["rms", "linear", "peak-hold"])
@pytest.mark.parametrize("window", WINDOWS)
def test_sine_shows_its_amplitude_however_it_is_averaged(window, averaging, detection, shown):
    x = 2.5 * np.sin(2 * np.pi * 1500.0 * np.arange(24_000) / RATE_HZ)
    found = averaged_spectrum(x, RATE_HZ, 1200, window=window, averaging=averaging, detection=detection)
    assert found.amplitude.argmax() == 150
    # Kaiser's side lobes fall slowest.
    assert found.amplitude[150] == pytest.approx(shown, rel=1e-6 if window == "kaiser" else 1e-9)


@pytest.mark.parametrize("averaging", ["rms", "linear", "peak-hold"])
def test_line_at_half_the_rate_is_not_doubled(averaging):
    found = averaged_spectrum(1.5 * (-1.0) ** np.arange(4096), RATE_HZ, 512, averaging=averaging)
    assert found.amplitude[-1] == pytest.approx(1.5)


def test_combinations_are_what_they_are_called():
    segments = NOISE[0, 0, :9000].reshape(9, 1000)
    alone = np.stack([averaged_spectrum(part, RATE_HZ, 1000).amplitude for part in segments])
    for averaging, expected in (
        ("rms", np.sqrt(np.mean(alone**2, axis=0))),
        ("linear", alone.mean(axis=0)),
        ("peak-hold", alone.max(axis=0)),
    ):
        found = averaged_spectrum(NOISE[0, 0], RATE_HZ, 1000, overlap=0.0, averaging=averaging)
        np.testing.assert_allclose(found.amplitude, expected, rtol=1e-12)


def test_noise_bandwidth_ties_amplitude_to_density():
    amplitude = averaged_spectrum(NOISE, RATE_HZ, 500, detection="rms")
    density = power_density(NOISE, RATE_HZ, 500)
    np.testing.assert_allclose(
        amplitude.amplitude[..., 1:-1] ** 2,
        (density.amplitude * density.noise_bandwidth_hz)[..., 1:-1],
        rtol=1e-12,
    )


def test_single_precision_is_right_to_a_millionth_of_the_largest_line():
    x = np.sin(np.arange(100_000) * 0.7) + 0.01 * LONG[:100_000]
    single = averaged_spectrum(x, RATE_HZ, 4096, single_precision=True).amplitude
    double = averaged_spectrum(x, RATE_HZ, 4096).amplitude
    np.testing.assert_allclose(single, double, atol=1e-6 * double.max())


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"segment": 9001}, "segment=9,001 samples must lie between 16 and the signal's 9,000"),
        ({"segment": 8}, "segment=8 samples"),
        ({"overlap": 1.0}, "overlap=1 must be"),
        ({"window": "none"}, "window='none' is not known"),
        ({"averaging": "mean"}, "averaging='mean' is not known; choose one of rms, linear"),
        ({"detection": "pk"}, "detection='pk' is not known; choose one of peak, rms"),
        ({"rate_hz": None}, "rate_hz=None"),
        ({"x": np.full(9000, 2.0)}, "all 9,000 samples"),
        ({"x": np.full(9000, np.nan)}, "NaN or infinite"),
    ],
)
def test_bad_choices_are_refused_with_the_reason(choice, message):
    with pytest.raises(InvalidInputError, match=message):
        averaged_spectrum(**{"x": NOISE, "rate_hz": RATE_HZ, "segment": 1000, **choice})
