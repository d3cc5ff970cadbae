"""Networks: the shapes of the paper, and options that are checked."""

import pytest
import torch
from torch import nn

from core.errors import InvalidInputError
from core.learning.networks import NETWORKS, build
from core.specs import NetworkName


def test_every_network_that_can_be_asked_for_is_registered_and_no_other() -> None:
    assert set(NETWORKS) == set(NetworkName)


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.parametrize("length", [1024, 2048, 3000])
def test_network_gives_one_logit_a_class_for_any_length(name: str, length: int) -> None:
    network = build(name, 5, length)
    assert network(torch.randn(3, 1, 1, length)).shape == (3, 5)


def test_wdcnn_has_the_layers_of_the_paper() -> None:
    network = build("wdcnn", 10, 2048)
    first, *others = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert (first.kernel_size, first.stride, first.out_channels) == ((1, 64), (1, 16), 16)
    assert [(layer.kernel_size, layer.out_channels) for layer in others] == [
        ((1, 3), 32),
        ((1, 3), 64),
        ((1, 3), 64),
        ((1, 3), 64),
    ]
    dense = [
        (layer.in_features, layer.out_features) for layer in network.modules() if isinstance(layer, nn.Linear)
    ]
    assert dense == [(192, 100), (100, 10)]


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_building_leaves_the_global_random_state_alone(name: str) -> None:
    before = torch.random.get_rng_state()
    build(name, 3, 1024)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_option_changes_the_network() -> None:
    assert sum(p.numel() for p in build("resnet1d", 3, 256, {"width": 4}).parameters()) < 10_000


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lenet", {}, "'lenet' is not known; there are cells, resnet1d, wdcnn"),
        ("wdcnn", {"depth": 3}, "wdcnn has no option depth; its options are first_kernel, width, dropout"),
        ("wdcnn", {"dropout": 1.5}, r"options of wdcnn: dropout=1\.5"),
    ],
)
def test_unknown_names_and_wrong_options_are_refused(
    name: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        build(name, 3, 2048, options)


@pytest.mark.parametrize(("name", "length"), [("wdcnn", 900), ("resnet1d", 60), ("cells", 20)])
def test_window_too_short_for_the_network_is_refused(name: str, length: int) -> None:
    with pytest.raises(InvalidInputError, match=f"{length} samples are too short"):
        build(name, 3, length)
