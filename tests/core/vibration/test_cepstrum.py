import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.cepstrum import comb_lifter, edit_cepstrum, long_pass, real_cepstrum, short_pass

RATE_HZ = 10_000.0


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("samples", [8192, 8191])
@pytest.mark.parametrize("delay", [37, 300, 2000])
def test_echo_peaks_at_its_delay_with_half_its_size(delay, samples):
    x = noise(samples)
    quefrency_s, cepstrum = real_cepstrum(x + 0.6 * np.roll(x, delay), RATE_HZ)
    found = 5 + cepstrum[5:].argmax()
    assert quefrency_s[found] == pytest.approx(delay / RATE_HZ)
    assert cepstrum[found] == pytest.approx(0.3, abs=0.05)


def test_harmonics_gather_at_their_spacing():
    x = noise(10_000) * 0.01 + sum(
        np.cos(2 * np.pi * 50 * k * np.arange(10_000) / RATE_HZ) for k in range(1, 60)
    )
    quefrency_s, cepstrum = real_cepstrum(np.stack([x, noise(10_000)]), RATE_HZ)
    assert quefrency_s[100 + cepstrum[0, 100:5000].argmax()] % 0.02 == pytest.approx(0, abs=1e-9)
    assert cepstrum[0, 200] > 10 * abs(cepstrum[1, 200])


def test_cepstrum_is_the_inverse_transform_of_the_log_spectrum():
    x = noise(512)
    log_amplitude = np.log(np.abs(np.fft.fft(x - x.mean())[1:]))
    expected = np.fft.ifft(np.concatenate([log_amplitude[:1], log_amplitude])).real
    np.testing.assert_allclose(real_cepstrum(x, RATE_HZ)[1], expected[:257], atol=1e-12)


def test_comb_lifter_takes_an_echo_out():
    x = noise(8192)
    echoed = x + 0.6 * np.roll(x, 300)
    edited = edit_cepstrum(echoed, comb_lifter(8192, RATE_HZ, 300 / RATE_HZ))
    assert abs(real_cepstrum(edited, RATE_HZ)[1][300]) < 0.01
    levels = [np.std(np.log(np.abs(np.fft.rfft(signal))[1:])) for signal in (x, echoed, edited)]
    assert levels[2] < levels[1]


def test_comb_lifter_flattens_a_family_of_lines_and_leaves_the_rest():
    t = np.arange(10_000) / RATE_HZ
    family = sum(np.cos(2 * np.pi * 50 * k * t) for k in range(1, 60))
    x = noise(10_000) + family
    edited = edit_cepstrum(x, comb_lifter(10_000, RATE_HZ, 0.02))
    before, after = np.abs(np.fft.rfft(x)), np.abs(np.fft.rfft(edited))
    teeth = np.arange(50, 2950, 50)
    assert np.median(before[teeth]) > 20 * np.median(after[teeth])
    assert np.median(after[teeth + 25] / before[teeth + 25]) == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("samples", [1000, 1001])
def test_all_ones_give_the_signal_back_and_zeros_whiten_it(samples):
    x = np.cumsum(noise(2, samples), axis=-1)
    centred = x - x.mean(axis=-1, keepdims=True)
    bins = samples // 2 + 1
    np.testing.assert_allclose(edit_cepstrum(x, np.ones(bins)), centred, atol=1e-9)
    white = np.abs(np.fft.rfft(edit_cepstrum(x, np.zeros(bins))))
    np.testing.assert_allclose(white[:, 1:], 1, rtol=1e-6)


def test_short_and_long_pass_share_the_cepstrum():
    low, high = short_pass(1000, RATE_HZ, 0.002), long_pass(1000, RATE_HZ, 0.002)
    assert low.sum() == 21
    np.testing.assert_array_equal(low + high, 1)


def test_short_pass_keeps_the_spectrums_envelope_only():
    x = np.convolve(noise(8192), np.exp(-np.arange(20) / 3), mode="same")
    smooth = np.log(np.abs(np.fft.rfft(edit_cepstrum(x, short_pass(8192, RATE_HZ, 0.002))))[1:])
    rough = np.log(np.abs(np.fft.rfft(x - x.mean()))[1:])
    assert np.abs(np.diff(smooth)).max() < 0.1 < np.abs(np.diff(rough)).mean()
    assert np.corrcoef(smooth, rough)[0, 1] > 0.5


def test_what_has_no_cepstrum_or_lifter_is_refused():
    with pytest.raises(InvalidInputError, match="a constant holds no vibration"):
        real_cepstrum(np.ones(100), RATE_HZ)
    with pytest.raises(InvalidInputError, match="are no measurement"):
        real_cepstrum(7e37 * noise(100).astype(np.float32), RATE_HZ)
    with pytest.raises(InvalidInputError, match=r"give one of \(51,\)"):
        edit_cepstrum(noise(100), np.ones(100))
    with pytest.raises(InvalidInputError, match="narrower notch"):
        comb_lifter(100, RATE_HZ, 1e-4)
