import re

import pytest

from core.campaign_specs import CampaignSpec, NASSpec
from core.errors import InvalidInputError
from core.learning import networks
from core.network_specs import ArchitectureSpace, CellsOptions, ResNetOptions, WDCNNOptions, check_window
from core.network_specs.lengths import check_space, count_wdcnn_steps
from core.specs import NetworkName

POOLED = {"stem": {"kernel": 16, "stride": 8, "width": 4}, "cells": [{"pooling": "max", "width": 4}] * 3}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (NetworkName.WDCNN, WDCNNOptions(width=1)),
        (NetworkName.WDCNN, WDCNNOptions(width=1, first_kernel=17)),
        (NetworkName.RESNET1D, ResNetOptions(width=1)),
        (NetworkName.CELLS, CellsOptions.model_validate(POOLED)),
    ],
)
def test_shortest_window_that_is_taken_is_the_shortest_that_the_network_can_be_built_for(name, options):
    import torch

    least = next(length for length in range(16, 2048) if is_taken(options, length))
    network = networks.build(name, 2, least, options.model_dump()).eval()
    assert network(torch.zeros(1, 1, 1, least)).shape == (1, 2)
    assert not is_taken(options, least - 1)


def is_taken(options, length):
    try:
        check_window(options, length)
    except InvalidInputError:
        return False
    return True


def test_paper_s_window_leaves_three_steps():
    assert count_wdcnn_steps(2048, 64) == 3


def test_search_with_a_window_that_its_network_cannot_take_is_refused_before_it_begins():
    space = {"window_length": {"type": "categorical", "choices": [512, 2048]}}
    told = {"base": {"dataset": "rig"}, "method": "grid_search", "space": space, "budget": {"max_trials": 2}}
    with pytest.raises(ValueError, match="windows of 512 samples are too short, 1024 will do"):
        CampaignSpec.model_validate(told)


def test_space_whose_deepest_network_leaves_nothing_of_a_window_is_refused():
    space = ArchitectureSpace(max_cells=8)
    check_space(space, 2048)
    with pytest.raises(InvalidInputError, match=re.escape("8 poolings")):
        check_space(space, 512)
    base = {"dataset": "rig", "model": "cells", "windows": {"length": 512}}
    with pytest.raises(ValueError, match="8 poolings"):
        NASSpec.model_validate({"base": base, "space": space, "budget": {"max_trials": 2}})
