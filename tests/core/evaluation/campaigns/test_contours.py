import numpy as np
import optuna
import pytest
from optuna.visualization._contour import _get_contour_info

from core.errors import InvalidInputError
from core.evaluation.campaigns.contours import grid_surface
from core.evaluation.campaigns.domains import Domain


def gridded(kinds: dict[str, Domain], repeats: int = 2) -> tuple[dict[str, list], np.ndarray]:
    """Return trials at each place of a 3 by 3 grid, several at each."""
    sides = {
        "number": [0.0, 0.5, 1.0],
        "log number": [1e-4, 1e-2, 1.0],
        "category": ["a", "b", "c"],
    }
    x, y = (sides[domain.kind] for domain in kinds.values())
    cells = [(i, j) for i in x for j in y] * repeats
    names = list(kinds)
    columns = {names[0]: [c[0] for c in cells], names[1]: [c[1] for c in cells]}
    return columns, np.random.default_rng(0).uniform(0, 1, len(cells))


NUMBER, LOG = Domain("number", 0, 1), Domain("log number", 1e-4, 1)
CATEGORY = Domain("category", choices=("a", "b", "c"))


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize(
    ("first", "second"), [(NUMBER, LOG), (LOG, CATEGORY), (CATEGORY, NUMBER), (CATEGORY, CATEGORY)]
)
def test_where_trials_stand_the_surface_is_optunas(first: Domain, second: Domain, direction) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    domains = {"x": first, "y": second}
    parameters, values = gridded(domains)
    kinds = {
        "number": optuna.distributions.FloatDistribution(0, 1),
        "log number": optuna.distributions.FloatDistribution(1e-4, 1, log=True),
        "category": optuna.distributions.CategoricalDistribution(["a", "b", "c"]),
    }
    space = {name: kinds[domain.kind] for name, domain in domains.items()}
    study = optuna.create_study(direction=direction + "imize")
    for i, value in enumerate(values):
        chosen = {name: column[i] for name, column in parameters.items()}
        study.add_trial(optuna.trial.create_trial(params=chosen, distributions=space, value=value))
    info = _get_contour_info(study, ["x", "y"]).sub_plot_infos[0][0]
    # Optuna pads a numeric axis by one index before the values tried.
    start = {name: 0 if domain.kind == "category" else 1 for name, domain in domains.items()}
    expected = np.full((3, 3), np.nan)
    for (x, y), value in info.z_values.items():
        expected[y - start["y"], x - start["x"]] = value
    found = grid_surface(parameters, values, "x", "y", direction, domains=domains, num_points=3)
    np.testing.assert_allclose(found.values, expected)
    assert found.is_near.all()
    assert found.num_places == 9


def test_a_plane_is_found_again_between_trials() -> None:
    rng = np.random.default_rng(0)
    x, lr = rng.uniform(0, 1, 200), 10 ** rng.uniform(-4, 0, 200)
    parameters = {"x": [0.0, 0.0, 1.0, 1.0, *x], "lr": [1e-4, 1.0, 1e-4, 1.0, *lr]}
    values = np.array(parameters["x"]) + np.log10(parameters["lr"])
    found = grid_surface(parameters, values, "x", "lr", "max", domains={"x": NUMBER, "lr": LOG})
    expected = np.array(found.x.values) + np.log10(found.y.values)[:, None]
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    assert found.y.values[0] == pytest.approx(1e-4)


def test_outside_of_the_trials_nothing_is_known() -> None:
    rng = np.random.default_rng(0)
    parameters = {"x": rng.uniform(0, 0.3, 50).tolist(), "y": rng.uniform(0, 1, 50).tolist()}
    found = grid_surface(parameters, np.ones(50), "x", "y", "max", domains={"x": NUMBER, "y": NUMBER})
    outside = np.array(found.x.values) > 0.3
    assert np.isnan(found.values[:, outside]).all()
    assert not found.is_near[:, outside].any()
    assert found.is_near[:, ~outside].mean() > 0.8


def test_far_from_any_trial_the_surface_is_a_guess() -> None:
    corners = {"x": [0.0, 0.0, 1.0, 1.0], "y": [0.0, 1.0, 0.0, 1.0]}
    centre = {name: [*column, *[0.02 * i for i in range(60)]] for name, column in corners.items()}
    found = grid_surface(centre, np.ones(64), "x", "y", "max")
    assert not np.isnan(found.values[50, 10])
    assert not found.is_near[50, 10]


def test_a_choice_tried_once_fills_its_own_cell() -> None:
    parameters = {"act": ["a", "a", "b"], "x": [0.0, 1.0, 0.52]}
    found = grid_surface(parameters, [0.1, 0.2, 0.9], "act", "x", "max", num_points=11)
    assert np.flatnonzero(~np.isnan(found.values[:, 1])).tolist() == [5]
    assert found.values[5, 1] == 0.9


def test_trials_without_a_value_or_a_parameter_are_left_out() -> None:
    parameters, values = gridded({"x": NUMBER, "y": LOG}, repeats=1)
    values[0] = np.nan
    parameters["x"][1] = None
    found = grid_surface(parameters, values, "x", "y", "max")
    assert found.trials.tolist() == list(range(2, 9))


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], "x has fewer than two values"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], "the trials lie on one line"),
        ([None, 1.0, None], [1.0, None, 1.0], "x has fewer than two values"),
    ],
)
def test_where_no_surface_can_be_it_says_why(x, y, reason) -> None:
    found = grid_surface({"x": x, "y": y}, [1.0, 2.0, 3.0], "x", "y", "max")
    assert found.reason.startswith(reason)
    assert np.isnan(found.values).all()
    assert not found.is_near.any()


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="no surface over x and z: choose two of x, y"):
        grid_surface({"x": [1.0], "y": [1.0]}, [1.0], "x", "z", "max")
