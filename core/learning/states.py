"""The whole state of a training between two epochs, stored without pickle."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from core.errors import UnreadableFileError

FORMAT = "brinell-trainer-state-1"
PARTS = ("weights", "optimizer", "best_weights")


@dataclass(frozen=True)
class TrainerState:
    """What the next epoch needs of the ones before it.

    Learning rates and random numbers are functions of the spec and the epoch, so none are held.
    """

    epoch: int  # the last one that was finished, 1-based
    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]  # "<parameter>/<moment>"
    best_epoch: int
    best_accuracy: float | None  # of the validation side
    best_loss: float | None
    best_weights: dict[str, Tensor]


def save_state(state: TrainerState, path: Path) -> None:
    """Write a state to one safetensors file, complete or not at all."""
    tensors = {
        f"{part}/{name}": tensor.contiguous()
        for part in PARTS
        for name, tensor in getattr(state, part).items()
    }
    progress = {
        "epoch": state.epoch,
        "best_epoch": state.best_epoch,
        "best_accuracy": state.best_accuracy,
        "best_loss": state.best_loss,
    }
    partial = path.with_name(f"{path.name}.partial")
    save_file(tensors, partial, metadata={"format": FORMAT, "progress": json.dumps(progress)})
    partial.replace(path)


def load_state(path: Path) -> TrainerState:
    """Read a state that `save_state` wrote; raise UnreadableFileError for any other file."""
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("format") != FORMAT:
            raise UnreadableFileError(
                f"{path} holds format {metadata.get('format')!r}, not {FORMAT!r}; start the training anew"
            )
        for name in file.keys():  # noqa: SIM118 - the file is no mapping and cannot be iterated
            part, _, rest = name.partition("/")
            parts[part][rest] = file.get_tensor(name)
    progress: dict[str, Any] = json.loads(metadata["progress"])
    return TrainerState(
        weights=parts["weights"],
        optimizer=parts["optimizer"],
        best_weights=parts["best_weights"],
        **progress,
    )


def copy_weights(network: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the weights on the CPU, that later steps do not change."""
    return {
        name: tensor.detach().to("cpu", copy=True).contiguous()
        for name, tensor in network.state_dict().items()
    }


def copy_moments(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return a copy of the optimizer's moments on the CPU."""
    return {
        f"{parameter}/{moment}": tensor.detach().to("cpu", copy=True).contiguous()
        for parameter, moments in optimizer.state_dict()["state"].items()
        for moment, tensor in moments.items()
        if tensor is not None
    }


def restore_moments(optimizer: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    """Put moments back, each in the device and memory format of its parameter."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for name, tensor in moments.items():
        index, moment = name.split("/")
        parameter = parameters[int(index)]
        # A fused step walks memory, so that moments must lie there as their parameter does.
        place = torch.empty_like(parameter, requires_grad=False) if tensor.dim() else torch.empty_like(tensor)
        optimizer.state[parameter][moment] = place.copy_(tensor)
