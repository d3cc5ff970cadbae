"""Which parameters tell a campaign's best trials from all of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.evaluation.importance import ImportanceReport, Value, rank_parameters

SEED = 0  # of the resampling: the same trials are ranked alike on every visit


def rank_by_ped_anova(
    parameters: Mapping[str, Sequence[Value]], values: Sequence[float], *, larger_is_better: bool
) -> ImportanceReport:
    """Rank parameters by PED-ANOVA; raise InvalidInputError where fewer than 8 trials have a value."""
    return rank_parameters(
        parameters, values, larger_is_better=larger_is_better, generator=np.random.default_rng(SEED)
    )
