import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.analyses.comparisons import view_coherence, view_difference
from tests.core.queries.analyses.conftest import sine


def noise(seed, count=24_000):
    return np.random.default_rng(seed).standard_normal(count)


def test_record_twice_as_large_is_6_02_db_higher_at_every_line(whole):
    first, second = whole(noise(1)), whole(2 * noise(1))
    lines = view_difference(first, second)
    np.testing.assert_allclose(lines.amplitude, 6.0206, atol=1e-3)
    np.testing.assert_allclose(view_difference(second, first).amplitude, -6.0206, atol=1e-3)
    assert lines.unit == "dB"
    assert "averages" in lines.words


def test_line_that_only_the_second_has_stands_out_at_its_frequency(whole):
    lines = view_difference(whole(noise(1)), whole(noise(2) + sine(1500, 3.0, 2.0)))
    frequency_hz, change_db = lines.largest
    assert frequency_hz == pytest.approx(1500, abs=lines.step)
    assert change_db > 20
    assert np.abs(np.median(lines.amplitude)) < 1


def test_records_of_other_length_are_compared_and_of_another_rate_refused(whole):
    assert len(view_difference(whole(noise(1)), whole(noise(2, 12_000))).amplitude) > 100
    with pytest.raises(InvalidInputError, match=r"12,000 and 6,000 Hz.*resample one"):
        view_difference(whole(noise(1)), whole(noise(2), rate_hz=6000.0))


def test_records_in_two_units_are_not_compared(whole):
    with pytest.raises(InvalidInputError, match=r"in g and an unknown unit.*choose another"):
        view_difference(whole(noise(1), unit="g"), whole(noise(2)))


def test_channels_that_hear_one_source_are_coherent_where_it_is_loud(whole):
    source = sine(1500, 1.0, 2.0)
    first = whole(noise(1) + source, record="a", channel="DE")
    second = whole(noise(2) - 0.7 * source, record="a", channel="FE")
    lines = view_coherence(first, second)
    near = round(1500 / lines.step)
    assert lines.amplitude[near - 1 : near + 2].max() > 0.95
    assert np.median(lines.amplitude) < 0.2
    assert lines.amplitude.min() >= 0
    assert lines.unit == "0 to 1"


def test_coherence_of_a_channel_with_itself_scaled_is_one(whole):
    first, second = whole(noise(1), record="a"), whole(-3 * noise(1), record="a", channel="FE")
    np.testing.assert_allclose(view_coherence(first, second).amplitude[1:], 1.0, atol=1e-6)


def test_coherence_of_two_records_is_refused_and_says_what_to_choose(whole):
    with pytest.raises(InvalidInputError, match=r"b and c were not measured together.*another channel"):
        view_coherence(whole(noise(1), record="b"), whole(noise(2), record="c"))
