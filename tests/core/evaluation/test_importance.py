import numpy as np
import optuna
import pytest

from core.errors import InvalidInputError
from core.evaluation import importance
from core.evaluation.importance import rank_parameters


def runs(n: int = 100) -> tuple[dict[str, list[float | str]], list[float]]:
    """Return runs whose score is set by `x`, a little by `kind`, and never by `lr`."""
    rng = np.random.default_rng(0)
    x, lr, kind = rng.uniform(-3, 3, n), 10 ** rng.uniform(-4, 0, n), rng.choice(["a", "b", "c"], n)
    score = x**2 + 0.3 * (kind == "a") + rng.normal(0, 0.1, n)
    return {"x": x.tolist(), "lr": lr.tolist(), "kind": kind.tolist()}, score.tolist()


def ranked(parameters, scores, *, larger_is_better=False, **options):
    return rank_parameters(
        parameters, scores, larger_is_better=larger_is_better, generator=np.random.default_rng(0), **options
    )


def test_shares_are_those_of_optunas_own_evaluator() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    parameters, scores = runs()
    x, lr = parameters["x"], parameters["lr"]
    space = {
        "x": optuna.distributions.FloatDistribution(min(x), max(x)),
        "lr": optuna.distributions.FloatDistribution(min(lr), max(lr), log=True),
        "kind": optuna.distributions.CategoricalDistribution(["a", "b", "c"]),
    }
    study = optuna.create_study()
    for i, score in enumerate(scores):
        chosen = {name: column[i] for name, column in parameters.items()}
        study.add_trial(optuna.trial.create_trial(params=chosen, distributions=space, value=score))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.25)
    expected = optuna.importance.get_param_importances(study, evaluator=evaluator)
    found = {each.name: each.share for each in ranked(parameters, scores).importances}
    assert found == pytest.approx(expected, rel=1e-9)


def test_what_sets_the_score_leads_and_the_order_of_direction_is_kept() -> None:
    parameters, scores = runs()
    down = ranked(parameters, scores)
    up = ranked(parameters, [-score for score in scores], larger_is_better=True)
    assert down == up
    first = down.importances[0]
    assert (first.name, first.kind, first.n) == ("x", "number", 100)
    assert first.low <= first.share <= first.high
    assert first.low > max(other.high for other in down.importances[1:])
    assert sum(each.share for each in down.importances) == pytest.approx(1)
    assert {each.name: each.kind for each in down.importances}["lr"] == "log number"


def test_same_seed_gives_the_same_intervals() -> None:
    assert ranked(*runs()) == ranked(*runs())


def test_each_resample_is_ranked_as_if_it_were_alone() -> None:
    rng, losses = np.random.default_rng(1), np.array(runs()[1])
    columns = [importance._column(name, column) for name, column in runs()[0].items()]
    drawn = rng.integers(100, size=(20, 100))
    together = importance._shares(columns, drawn, losses, 0.25)
    alone = [importance._shares(columns, row[None], losses, 0.25)[0] for row in drawn]
    assert len(np.unique(together[:, 0])) == 20
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_parameter_of_one_value_is_left_out() -> None:
    parameters, scores = runs()
    found = ranked({**parameters, "epochs": [30.0] * 100}, scores)
    assert {each.name for each in found.importances} == {"x", "lr", "kind"}


def test_few_runs_are_ranked_with_a_caution_and_fewer_are_refused() -> None:
    parameters, scores = runs(12)
    assert ranked(parameters, scores).caution.startswith("The best are 3 of 12 runs, and 5")
    assert ranked(*runs(40)).caution == ""
    with pytest.raises(InvalidInputError, match="7 scored runs are too few"):
        ranked(*runs(7))


def test_runs_without_a_score_are_not_counted() -> None:
    parameters, scores = runs(30)
    report = ranked(parameters, [*scores[:20], *[float("nan")] * 10])
    assert report.num_runs == 20


def test_parameter_that_some_runs_lack_counts_where_it_stands() -> None:
    parameters, scores = runs(60)
    momentum = [0.9 if i % 2 else None for i in range(60)]
    momentum[1] = 0.5
    found = {each.name: each.n for each in ranked({**parameters, "momentum": momentum}, scores).importances}
    assert (found["momentum"], found["x"]) == (30, 60)


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="one value for each of the 9"):
        ranked({"x": [1.0]}, [0.0] * 9)
