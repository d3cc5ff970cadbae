import numpy as np
import pytest
from scipy import integrate, stats

from core.errors import InvalidInputError
from core.evaluation.campaigns import gaussian_process
from core.evaluation.campaigns.domains import Domain
from core.evaluation.campaigns.noise import Noise
from core.evaluation.campaigns.stopping import choose_trials, expect_improvement, judge, judge_outlook

DOMAINS = {
    "act": Domain("category", choices=("elu", "relu")),
    "lr": Domain("log number", 1e-5, 1e-1),
    "x": Domain("number", 0, 1),
}
REPEATS = Noise(0.01, "repeats", 10)


def toy(n: int, around: float = 1.0, seed: int = 0) -> tuple[dict[str, list], np.ndarray]:
    """Return trials within `around` of a range of the optimum, which is 1 at relu, 1e-3 and 0.3."""
    rng = np.random.default_rng(seed)
    x = np.clip(0.3 + around * rng.uniform(-0.5, 0.5, n), 0, 1)
    log = np.clip(-3 + around * rng.uniform(-2, 2, n), -5, -1)
    act = rng.choice(["relu", "elu"], n)
    values = 1 - (x - 0.3) ** 2 - 0.1 * (log + 3) ** 2 - 0.2 * (act == "elu")
    return {"x": x.tolist(), "lr": (10**log).tolist(), "act": act.tolist()}, values


def joined(*parts: tuple[dict[str, list], np.ndarray]) -> tuple[dict[str, list], np.ndarray]:
    parameters = {name: [value for part in parts for value in part[0][name]] for name in parts[0][0]}
    return parameters, np.concatenate([part[1] for part in parts])


def test_less_is_expected_as_trials_near_the_optimum() -> None:
    stages = [toy(10), joined(toy(10), toy(10, 0.5, 1)), joined(toy(10), toy(10, 0.5, 1), toy(20, 0.1, 2))]
    found = [judge_outlook(*each, "max", domains=DOMAINS, noise=REPEATS) for each in stages]
    expected = [each.expected for each in found]
    assert expected[0] > expected[1] > expected[2]
    assert expected[2] < expected[0] / 20
    assert found[2].word == "little is left"
    assert found[2].best == pytest.approx(1, abs=0.01)


def test_the_gain_is_expected_near_the_optimum() -> None:
    found = judge_outlook(*toy(40), "max", domains=DOMAINS)
    assert found.at["act"] == "relu"
    assert found.at["x"] == pytest.approx(0.3, abs=0.1)
    assert np.log10(found.at["lr"]) == pytest.approx(-3, abs=0.5)
    assert found.noise.source == "model"


def test_losses_are_judged_as_their_negatives() -> None:
    parameters, values = toy(20)
    up = judge_outlook(parameters, values, "max", domains=DOMAINS)
    down = judge_outlook(parameters, -values, "min", domains=DOMAINS)
    assert down.expected == up.expected
    assert down.best == -up.best


def test_expected_gain_is_that_of_brute_force_within_a_factor_of_two() -> None:
    grid = np.linspace(0, 1, 201)[:, None]
    squares = gaussian_process._squares(grid, grid, np.array([False]))[0]
    factor = np.linalg.cholesky(gaussian_process._matern(squares / 0.2**2) + 1e-9 * np.eye(201))
    expected, gained = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        truth = factor @ rng.normal(size=201)
        tried = rng.choice(201, 12)
        values = truth[tried] + 0.05 * rng.normal(size=12)
        space = {"x": Domain("number", 0, 1)}
        found = judge_outlook({"x": grid[tried, 0].tolist()}, values, "max", domains=space, seed=seed)
        expected.append(found.expected)
        gained.append(max(0.0, truth[round(found.at["x"] * 200)] - truth[tried].max()))
    assert 0.5 < np.mean(expected) / np.mean(gained) < 2


def test_improvement_is_the_integral_over_the_normal() -> None:
    mean, deviation = np.array([0.2, 1.5, 0.9]), np.array([0.3, 0.1, 0.5])
    expected = [
        integrate.quad(lambda f, m=m, s=s: (f - 1) * stats.norm.pdf(f, m, s), 1, m + 12 * s)[0]
        for m, s in zip(mean, deviation, strict=True)
    ]
    np.testing.assert_allclose(expect_improvement(mean, deviation, 1.0), expected, rtol=1e-6)
    np.testing.assert_allclose(expect_improvement(np.array([0.5, 1.5]), np.zeros(2), 1.0), [0, 0.5])


@pytest.mark.parametrize("num_trials", [0, 1, 7])
def test_of_fewer_than_eight_trials_nothing_is_told(num_trials: int) -> None:
    parameters, values = toy(10)
    values[num_trials:] = np.nan
    found = judge_outlook(parameters, values, "max", domains=DOMAINS, noise=REPEATS)
    assert (found.expected, found.word, found.at) == (None, "", {})
    assert found.reason == f"{num_trials} trials have a value and 8 are needed to tell what is left"
    assert found.best == (max(values[:num_trials]) if num_trials else None)


def test_where_nothing_differs_it_says_so() -> None:
    parameters, values = toy(10)
    assert "the same value" in judge_outlook(parameters, np.ones(10), "max").reason
    assert "no parameter differs" in judge_outlook({"x": [1.0] * 10}, values, "max").reason


def test_the_word_is_of_the_gain_beside_the_noise() -> None:
    assert [judge(gain, 0.4) for gain in (0.0, 0.4, 0.5, 1.2, 1.3)] == [
        "little is left",
        "little is left",
        "some is left",
        "some is left",
        "much is left",
    ]


def test_one_diverged_trial_does_not_drown_the_others() -> None:
    parameters, values = toy(40)
    plain = judge_outlook(parameters, values, "max", domains=DOMAINS)
    values[5] = -1e9
    found = judge_outlook(parameters, values, "max", domains=DOMAINS)
    assert found.expected < 0.2
    assert found.expected > plain.expected / 10


def test_of_many_trials_the_best_and_others_spread_over_the_campaign_are_used() -> None:
    gains = np.random.default_rng(0).normal(size=1000)
    used = choose_trials(gains)
    assert len(used) == len(set(used)) == 200
    assert set(np.argsort(-gains)[:100]) <= set(used)
    assert np.histogram(used, bins=4, range=(0, 1000))[0].min() > 30
    assert choose_trials(gains[:200]).tolist() == list(range(200))


def test_parameters_that_some_trials_lack_are_left_out() -> None:
    parameters, values = toy(12)
    parameters["momentum"] = [None, *[0.9, 0.5] * 5, 0.9]
    found = judge_outlook(parameters, values, "max", domains=DOMAINS)
    assert found.left_out == ("momentum",)
    assert set(found.at) == set(DOMAINS)


def test_places_keep_their_steps() -> None:
    rng = np.random.default_rng(0)
    depth = rng.integers(1, 9, 30)
    found = judge_outlook({"depth": depth.tolist()}, np.sin(depth) + rng.normal(0, 0.1, 30), "max")
    assert found.at["depth"] == int(found.at["depth"])


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="x has 1 values and there are 9 trials"):
        judge_outlook({"x": [1.0]}, np.ones(9), "max")
