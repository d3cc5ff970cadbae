"""Networks of cells: whatever the space holds can be built, trained and told apart."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.errors import InvalidInputError
from core.learning import trainer
from core.learning.architecture import Cells
from core.learning.architecture_blocks import Squeeze
from core.learning.architecture_cost import measure_cost
from core.learning.networks import build
from core.learning.windows import WindowSet
from core.network_specs import CellsOptions
from core.specs import TrainingSpec
from tests.core.learning.architectures import EVERYTHING, draw_architectures


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small networks on threads wait for each other more than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def options(*cells: dict[str, Any], **others: Any) -> CellsOptions:
    return CellsOptions.model_validate({"cells": cells, **others})


@pytest.mark.parametrize("start", range(0, 200, 25))
def test_random_architecture_of_the_default_space_answers_learns_and_is_counted(start: int) -> None:
    labels = torch.tensor([0, 4])
    for each in draw_architectures(25, seed=start):
        network = build("cells", 5, 512, each.model_dump(mode="json"))
        assert measure_cost(each, 5, 512).num_parameters == sum(p.numel() for p in network.parameters())
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
        nn.functional.cross_entropy(network(noise(2, 1, 1, 512)), labels).backward()  # type: ignore[no-untyped-call]
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
        optimizer.step()
        network.eval()
        with torch.inference_mode():
            for length in (512, 2048):
                logits = network(noise(2, 1, 1, length))
                assert logits.shape == (2, 5)
                assert logits.isfinite().all()


def test_cells_keep_the_steps_and_poolings_halve_them() -> None:
    steps = []
    network = Cells(3, 512, EVERYTHING).eval()
    for layer in (network.stem, *network.layers):
        layer.register_forward_hook(lambda _, __, output: steps.append(tuple(output.shape[1:])))
    network(noise(1, 1, 1, 512))
    stem, cell_1 = [(6, 1, 128)], [(5, 1, 128), (5, 1, 128), (5, 1, 64)]
    cell_2, cell_3, cell_4 = [(8, 1, 64)], [(8, 1, 64), (8, 1, 64), (8, 1, 32)], [(4, 1, 32)]
    assert steps == stem + cell_1 + cell_2 + cell_3 + cell_4


def test_dilated_cell_sees_farther_with_every_convolution() -> None:
    network = Cells(2, 512, options({"kind": "dilated", "kernel": 3, "width": 2, "depth": 3}))
    convolutions = [m for m in network.layers.modules() if isinstance(m, nn.Conv2d)]
    assert [m.dilation for m in convolutions] == [(1, 2), (1, 4), (1, 8)]


def test_multiscale_cell_has_two_kernels_that_share_the_width() -> None:
    network = Cells(2, 512, options({"kind": "multiscale", "kernel": 7, "width": 5}))
    convolutions = [m for m in network.layers.modules() if isinstance(m, nn.Conv2d)]
    assert [(m.kernel_size, m.out_channels) for m in convolutions] == [((1, 7), 3), ((1, 15), 2)]


def test_squeeze_weighs_channels_and_leaves_the_course_of_time() -> None:
    torch.manual_seed(0)
    x = noise(2, 8, 1, 20)
    weights = Squeeze(8, 2)(x) / x
    assert torch.allclose(weights, weights[..., :1].expand_as(weights), atol=1e-5)
    assert ((weights > 0) & (weights < 1)).all()


def test_attention_without_positions_answers_alike_for_steps_in_any_order() -> None:
    attention = Cells(2, 64, options({"attention": "self", "width": 4})).layers[1].eval()
    x, order = noise(1, 4, 1, 9), torch.tensor([4, 0, 8, 2, 6, 1, 3, 5, 7])
    assert torch.allclose(attention(x)[..., order], attention(x[..., order]), atol=1e-6)


def test_networks_of_one_hash_have_the_same_weights_by_name() -> None:
    one = Cells(3, 512, options({"pooling": "none"}, {"kind": "conv"}))
    other = Cells(3, 512, options({"depth": 2}))
    other.load_state_dict(one.state_dict())
    x = noise(2, 1, 1, 512)
    assert torch.equal(one.eval()(x), other.eval()(x))


@pytest.mark.parametrize("poolings", [0, 1, 4])
@pytest.mark.parametrize(("kernel", "stride"), [(64, 8), (7, 4), (1, 1)])
def test_shortest_window_is_the_one_that_the_error_names(poolings: int, kernel: int, stride: int) -> None:
    cells = [{"width": 2, "pooling": "max" if i < poolings else "none"} for i in range(5)]
    given = options(*cells, stem={"kernel": kernel, "stride": stride, "width": 2})
    enough = (2**poolings - 1) * stride + (2 if kernel % 2 == 0 else 1)
    assert Cells(3, enough, given).eval()(noise(1, 1, 1, enough)).shape == (1, 3)
    with pytest.raises(InvalidInputError, match=f"{enough - 1} samples are too short .* {enough} will do"):
        Cells(3, enough - 1, given)


def test_training_redraws_every_weight_from_its_seed() -> None:
    noisy = WindowSet(noise(8, 1, 1, 64), torch.arange(8) % 3, torch.zeros(8), torch.zeros(8))
    spec = TrainingSpec.model_validate(
        {"dataset": "noise", "model": "cells", "epochs": 1, "batch_size": 8, "device": "cpu"}
    )
    ends = []
    for filled in (0.0, 7.0):
        network = Cells(3, 64, EVERYTHING)
        for parameter in network.parameters():
            nn.init.constant_(parameter, filled)
        trainer.fit(noisy, None, network, spec, on_epoch=lambda _: None, should_stop=lambda: None)
        ends.append(network.state_dict())
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def tones(number: int, seed: int) -> WindowSet:
    """Return noisy tones of three frequencies, one a class."""
    generator = np.random.default_rng(seed)
    labels = np.arange(number) % 3
    phase = generator.uniform(0, 2 * np.pi, (number, 1))
    samples = np.sin(2 * np.pi * (labels[:, None] + 1) * np.arange(64) / 16 + phase)
    samples += 0.1 * generator.normal(size=samples.shape)
    none = torch.zeros(number, dtype=torch.int64)
    return WindowSet(
        torch.from_numpy(samples.astype(np.float32)).view(number, 1, 1, 64),
        torch.from_numpy(labels),
        none,
        none,
    )


def test_architecture_learns_by_the_trainer_of_every_network() -> None:
    spec = TrainingSpec.model_validate(
        {
            "dataset": "tones",
            "model": "cells",
            "model_options": {
                "stem": {"kernel": 16, "stride": 2, "width": 4},
                "cells": [{"kind": "separable", "width": 8, "residual": True, "attention": "squeeze"}],
            },
            "batch_size": 16,
            "epochs": 15,
            "device": "cpu",
            "optimizer": {"learning_rate": 0.02},
        }
    )
    network = build(spec.model, 3, 64, spec.model_options)
    result = trainer.fit(
        tones(97, 0), tones(60, 1), network, spec, on_epoch=lambda _: None, should_stop=lambda: None
    )
    assert result.reason == "done"
    assert max(record.val_accuracy or 0 for record in result.epochs) > 0.9
