import numpy as np
import optuna
import pytest

from core.errors import InvalidInputError
from core.evaluation.campaigns.domains import Domain
from core.evaluation.campaigns.fanova import rank_by_fanova

SPACE = {
    "act": optuna.distributions.CategoricalDistribution(["relu", "elu", "gelu", "tanh"]),
    "batch": optuna.distributions.IntDistribution(16, 128, step=16),
    "depth": optuna.distributions.IntDistribution(1, 40, log=True),
    "dropout": optuna.distributions.FloatDistribution(0.0, 0.5),
    "epochs": optuna.distributions.IntDistribution(20, 20),
    "lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True),
    "size": optuna.distributions.CategoricalDistribution([3, 5, 7]),
}
DOMAINS = {
    "act": Domain("category", choices=("relu", "elu", "gelu", "tanh")),
    "batch": Domain("number", 16, 128, step=16),
    "depth": Domain("log number", 1, 40, step=1),
    "dropout": Domain("number", 0, 0.5),
    "epochs": Domain("number", 20, 20),
    "lr": Domain("log number", 1e-5, 1e-1),
    "size": Domain("category", choices=(3, 5, 7)),
}


def study_of(num_trials: int, seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    rng = np.random.default_rng(seed)
    for _ in range(num_trials):
        trial = study.ask(SPACE)
        p = trial.params
        score = np.log10(p["lr"]) ** 2 + 3 * (p["act"] == "elu") * p["dropout"] + p["size"] * p["depth"] / 40
        study.tell(trial, float(score + rng.normal(0, 0.2)))
    return study


def columns_of(study: optuna.Study) -> tuple[dict, list[float]]:
    trials = study.trials
    return {name: [t.params[name] for t in trials] for name in SPACE}, [t.value for t in trials]


@pytest.mark.parametrize("seed", [0, 1])
def test_shares_are_those_of_optunas_own_evaluator(seed: int) -> None:
    study = study_of(60, seed)
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=24, max_depth=64, seed=seed)
    expected = evaluator.evaluate(study)
    report = rank_by_fanova(*columns_of(study), domains=DOMAINS, num_trees=24, seed=seed)
    assert {each.name: each.share for each in report.importances} == pytest.approx(expected, abs=1e-9)


def test_shallow_trees_agree_too() -> None:
    study = study_of(60, 2)
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=8, max_depth=2, seed=0)
    report = rank_by_fanova(*columns_of(study), domains=DOMAINS, num_trees=8, max_depth=2)
    found = {each.name: each.share for each in report.importances}
    assert found == pytest.approx(evaluator.evaluate(study), abs=1e-9)


def additive(n: int = 300) -> tuple[dict[str, list[float | str | None]], np.ndarray]:
    """Return trials of x + 2 y + no word of z: x explains a fifth and y four."""
    rng = np.random.default_rng(0)
    x, y, z = rng.uniform(0, 1, (3, n))
    return {"x": x.tolist(), "y": y.tolist(), "z": z.tolist()}, x + 2 * y


def test_known_shares_are_found_within_their_intervals() -> None:
    report = rank_by_fanova(*additive())
    found = {each.name: each for each in report.importances}
    assert [each.name for each in report.importances] == ["y", "x", "z"]
    assert found["y"].share == pytest.approx(0.8, abs=0.05)
    assert found["x"].share == pytest.approx(0.2, abs=0.05)
    assert all(each.low <= each.share <= each.high for each in report.importances)
    assert report.interaction < 0.06
    assert report.fit > 0.9
    assert report.caution == ""


def test_what_only_a_pair_explains_is_left_to_interaction() -> None:
    parameters, _ = additive()
    x, y = np.array(parameters["x"]), np.array(parameters["y"])
    report = rank_by_fanova(parameters, np.sign(x - 0.5) * np.sign(y - 0.5))
    assert report.interaction > 0.7


def test_a_forest_that_predicts_nothing_is_told() -> None:
    parameters, _ = additive(100)
    report = rank_by_fanova(parameters, np.random.default_rng(1).normal(size=100))
    assert "of trials it has not seen" in report.caution


def test_failed_trials_and_parameters_that_some_lack_are_left_out() -> None:
    parameters, values = additive(60)
    parameters["momentum"] = [None, *[0.9] * 59]
    values[:10] = np.nan
    report = rank_by_fanova(parameters, values)
    assert report.num_trials == 50
    assert report.left_out == ()  # the trial that lacks it has no value
    parameters["momentum"][20] = None
    assert rank_by_fanova(parameters, values).left_out == ("momentum",)


def test_too_few_trials_and_equal_values_are_refused() -> None:
    parameters, values = additive(60)
    with pytest.raises(InvalidInputError, match="7 trials with a value are too few"):
        rank_by_fanova(parameters, np.where(np.arange(60) < 7, values, np.nan))
    with pytest.raises(InvalidInputError, match="all 60 trials have the value 1"):
        rank_by_fanova(parameters, np.ones(60))
    with pytest.raises(InvalidInputError, match="x has 60 values and there are 59 trials"):
        rank_by_fanova(parameters, values[1:])
