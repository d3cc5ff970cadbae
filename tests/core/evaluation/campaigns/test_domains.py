import numpy as np
import pytest

from core.errors import InvalidInputError
from core.evaluation.campaigns.domains import Domain, decode, encode, find_domain, find_domains


def test_a_domain_is_read_off_what_was_tried() -> None:
    assert find_domain([0.5, 0.1, None]) == Domain("number", 0.1, 0.5)
    assert find_domain([16, 64, 32]) == Domain("number", 16, 64, step=1)
    assert find_domain([1e-4, 1e-2, 1e-3, 1e-1]) == Domain("log number", 1e-4, 1e-1)
    assert find_domain(np.linspace(0.001, 1, 50).tolist()).kind == "number"
    assert find_domain(["b", None, "a", 3.0]) == Domain("category", choices=("3.0", "a", "b"))
    assert find_domain([None]).is_single


def test_a_known_domain_stands_before_what_was_tried() -> None:
    known = {"lr": Domain("log number", 1e-5, 1.0)}
    assert find_domains({"x": [1.5, 2.0], "lr": [0.1, 0.2]}, known) == {
        "lr": known["lr"],
        "x": Domain("number", 1.5, 2.0),
    }


@pytest.mark.parametrize(
    ("domain", "values", "places"),
    [
        (Domain("number", 2, 6), [2, 3, None, 6], [0, 0.25, np.nan, 1]),
        (Domain("log number", 1e-4, 1), [1e-4, 1e-2, 1], [0, 0.5, 1]),
        (Domain("category", choices=("a", "b")), ["b", None, "a"], [1, np.nan, 0]),
        (Domain("number", 3, 3), [3, 3, None], [0.5, 0.5, np.nan]),
    ],
)
def test_values_stand_on_one_scale_and_come_back(domain, values, places) -> None:
    found = encode(values, domain)
    np.testing.assert_allclose(found, places)
    back = [None if np.isnan(place) else decode(place, domain) for place in found]
    assert back == pytest.approx(values)


def test_a_number_comes_back_on_its_step() -> None:
    assert decode(0.3, Domain("number", 16, 128, step=16)) == 48
    assert decode(1.0, Domain("log number", 1, 100, step=1)) == 100


def test_what_is_none_of_the_choices_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="'c' is none of the choices a, b"):
        encode(["a", "c"], Domain("category", choices=("a", "b")))
    with pytest.raises(InvalidInputError, match="takes numbers only"):
        encode(["a"], Domain("number", 0, 1))
    with pytest.raises(InvalidInputError, match="0 has no place on a log axis"):
        encode([1e-3, 0.0], Domain("log number", 1e-4, 1))
