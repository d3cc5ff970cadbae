import numpy as np
import pytest

from core.evaluation import projection
from core.evaluation.projection import project_linearly, project_neighbours, standardise


@pytest.fixture
def groups():
    """Two groups of 40 records that lie far apart in the third of five features."""
    table = np.random.default_rng(1).standard_normal((80, 5))
    table[40:, 2] += 30
    return table


def test_columns_are_scaled_and_those_that_tell_nothing_are_left_out(groups):
    groups[:, 0] = 7.0
    groups[:20, 1] = np.nan
    groups[:8, 3] = np.nan
    found = standardise(groups)
    assert found.columns == (2, 3, 4)
    assert found.values.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert found.values.std(axis=0) == pytest.approx(1)


def test_components_agree_with_scikit_learns(groups):
    from sklearn.decomposition import PCA

    values = standardise(groups).values
    reference = PCA(2).fit(values)
    places, shares = project_linearly(values)
    assert shares == pytest.approx(reference.explained_variance_ratio_)
    assert np.abs(places) == pytest.approx(np.abs(reference.transform(values)))


def test_neighbours_stay_together_and_the_same_seed_gives_the_same_places(groups):
    values = standardise(groups[:, 2:3].repeat(3, axis=1) + 0.1 * groups[:, :3]).values
    places = project_neighbours(values)
    assert np.array_equal(places, project_neighbours(values))
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert np.array_equal(distance.argmin(axis=1) < 40, np.arange(80) < 40)


def test_of_too_many_records_a_sample_is_placed(groups, monkeypatch):
    monkeypatch.setattr(projection, "MOST_TSNE_RECORDS", 20)
    places = project_neighbours(standardise(groups).values)
    assert np.isfinite(places).all(axis=1).sum() == 20


@pytest.mark.parametrize("shape", [(0, 5), (3, 5), (10, 0)])
def test_too_few_records_or_features_have_no_place(shape):
    values = np.zeros(shape)
    places, shares = project_linearly(values)
    assert np.isnan(places).all()
    assert np.isnan(shares).all()
    assert np.isnan(project_neighbours(values)).all()
