"""Records in the plane of their features: principal components, and neighbourhoods by t-SNE."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_MISSING = 0.2  # share of records that may lack a feature that is projected
MOST_TSNE_RECORDS = 5000
FEWEST_RECORDS = 4
PERPLEXITY = 30.0


@dataclass(frozen=True, slots=True)
class Standardised:
    """A table that can be projected: columns of mean 0 and standard deviation 1."""

    values: NDArray[np.float64]  # (records, columns)
    columns: tuple[int, ...]  # which of the table's columns they are


def standardise(table: NDArray[np.float64]) -> Standardised:
    """Scale the columns of a table to mean 0 and standard deviation 1.

    Parameters
    ----------
    table : (records, features), float64
        NaN where a feature is undefined.

    Returns
    -------
    Standardised
        Without columns that are constant or undefined in more than a fifth of the records; what else is
        undefined stands at the column's median.
    """
    kept, columns = [], []
    for number, column in enumerate(table.T):
        missing = np.isnan(column)
        if len(column) and missing.mean() <= MOST_MISSING:
            filled = np.where(missing, np.median(column[~missing]), column)
            spread = filled.std()
            if spread > 1e-9 * np.abs(filled).max():
                kept.append((filled - filled.mean()) / spread)
                columns.append(number)
    values = np.stack(kept, axis=1) if kept else np.empty((len(table), 0))
    return Standardised(values, tuple(columns))


def project_linearly(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return principal components by singular value decomposition.

    Parameters
    ----------
    values : (records, columns), float64
        Of mean 0 each, as `standardise` returns them.

    Returns
    -------
    (records, 2) coordinates, NaN where there are fewer than two components, and (2,) the share of the
    variance that each explains. Each component's largest weight is positive, so that its sign is settled.
    """
    records, columns = values.shape
    places, shares = np.full((records, 2), np.nan), np.full(2, np.nan)
    if records < FEWEST_RECORDS or not columns:
        return places, shares
    left, singular, right = np.linalg.svd(values, full_matrices=False)
    found = min(2, len(singular))
    peaks = np.abs(right[:found]).argmax(axis=1)
    signs = np.sign(right[np.arange(found), peaks])
    places[:, :found] = left[:, :found] * singular[:found] * signs
    shares[:found] = np.square(singular[:found]) / np.square(singular).sum()
    return places, shares


def project_neighbours(values: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """Return t-SNE coordinates of records: neighbours stay together, distances between groups mean nothing.

    Parameters
    ----------
    values : (records, columns), float64
        As `standardise` returns them.
    seed : int
        Of its random numbers, and of the choice of records where there are more than 5,000.

    Returns
    -------
    (records, 2), float64; NaN for records that were not chosen, and for all where there are fewer than 4.
    Perplexity 30, or a third of the records where they are few.

    Notes
    -----
    scikit-learn's Barnes-Hut t-SNE: L. van der Maaten, "Accelerating t-SNE using tree-based algorithms",
    Journal of Machine Learning Research 15 (2014) 3221-3245.
    """
    places = np.full((len(values), 2), np.nan)
    if len(values) < FEWEST_RECORDS or values.shape[1] < 2:
        return places
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    chosen = np.arange(len(values))
    if len(values) > MOST_TSNE_RECORDS:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, MOST_TSNE_RECORDS, replace=False))
    perplexity = min(PERPLEXITY, (len(chosen) - 1) / 3)
    # Its threads wait for each other busily: beside other work a few records took most of a minute.
    with threadpool_limits(1):
        places[chosen] = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(
            values[chosen]
        )
    return places
