"""The whole state of a training between two epochs, stored without pickle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor, nn

from core.errors import InvalidInputError, UnreadableFileError
from core.learning.results import StepRecord
from core.specs import TrainingSpec

FORMAT = "brinell-trainer-state-2"
PARTS = ("weights", "optimizer", "best_weights")


@dataclass(frozen=True)
class TrainerState:
    """What the next epoch needs of the ones before it, and the step log so far.

    Learning rates (the scheduler), the order of the windows (the sampler) and what dropout draws (the
    random numbers) are functions of the spec and the epoch, so none of their states is held.
    """

    epoch: int  # the last one that was finished, 1-based
    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]  # "<parameter>/<moment>"
    best_epoch: int
    best_accuracy: float | None  # of the validation side
    best_loss: float | None
    best_weights: dict[str, Tensor]
    steps: tuple[StepRecord, ...]  # of epochs 1 to `epoch`, each with as many steps


@dataclass(frozen=True)
class Basis:
    """What a training stands on; a state goes on only where it is the same."""

    spec: TrainingSpec
    data_checksum: str


def save_state(state: TrainerState, path: Path, basis: Basis) -> None:
    """Write a state to one safetensors file."""
    progress = {
        "epoch": state.epoch,
        "best_epoch": state.best_epoch,
        "best_accuracy": state.best_accuracy,
        "best_loss": state.best_loss,
    }
    metadata = {
        "format": FORMAT,
        "progress": json.dumps(progress),
        "spec": basis.spec.model_dump_json(),
        "data_checksum": basis.data_checksum,
    }
    path.write_bytes(save(_arrays(state), metadata))


def _arrays(state: TrainerState) -> dict[str, NDArray[Any]]:
    # Where the epoch is the best one, its weights are written once.
    parts = PARTS if state.best_epoch != state.epoch else PARTS[:-1]
    tensors = {f"{part}/{name}": tensor for part in parts for name, tensor in getattr(state, part).items()}
    return {name: tensor.contiguous().numpy() for name, tensor in tensors.items()} | {
        "steps/losses": np.concatenate([record.losses for record in state.steps]),
        "steps/learning_rates": np.concatenate([record.learning_rates for record in state.steps]),
    }


def load_state(path: Path, basis: Basis) -> TrainerState:
    """Read a state that `save_state` wrote.

    Raises UnreadableFileError where the file is none, InvalidInputError where it is of another format or
    belongs to a training that stands on something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            _check_metadata(metadata, basis)
            names = file.keys()  # the file is no mapping and cannot be iterated
            # What is read is a view of the file, which may be changed or cut short afterwards.
            tensors = {name: file.get_tensor(name).clone() for name in names}
    except SafetensorError as error:
        raise UnreadableFileError(f"{path.name} is no whole safetensors file: {error}") from error
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in (*PARTS, "steps")}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    progress: dict[str, Any] = json.loads(metadata["progress"])
    return TrainerState(
        weights=parts["weights"],
        optimizer=parts["optimizer"],
        best_weights=parts["best_weights"] or parts["weights"],
        steps=_split_steps(parts["steps"], progress["epoch"]),
        **progress,
    )


def _check_metadata(metadata: Mapping[str, str], basis: Basis) -> None:
    if metadata.get("format") != FORMAT:
        raise InvalidInputError(f"it is of format {metadata.get('format')!r}, not {FORMAT!r}")
    try:
        spec = TrainingSpec.model_validate_json(metadata["spec"])
    except ValidationError as error:
        raise InvalidInputError("it holds a spec that this version of Brinell does not know") from error
    differing = [
        name for name in TrainingSpec.model_fields if getattr(spec, name) != getattr(basis.spec, name)
    ]
    if metadata["data_checksum"] != basis.data_checksum:
        differing.append("data")
    if differing:
        raise InvalidInputError(f"it belongs to a training with other {', '.join(differing)}")


def _split_steps(steps: dict[str, Tensor], num_epochs: int) -> tuple[StepRecord, ...]:
    losses = steps["losses"].reshape(num_epochs, -1).numpy()  # (epoch, step)
    rates = steps["learning_rates"].reshape(num_epochs, -1).numpy()
    return tuple(
        StepRecord(epoch=i + 1, first_step=i * losses.shape[1], losses=losses[i], learning_rates=rates[i])
        for i in range(num_epochs)
    )


def check_shapes(state: TrainerState, network: nn.Module) -> None:
    """Raise InvalidInputError unless every tensor of a state has its place in the network."""
    wanted = {name: tensor.shape for name, tensor in network.state_dict().items()}
    for part in (state.weights, state.best_weights):
        found = {name: tensor.shape for name, tensor in part.items()}
        for name in sorted(wanted.keys() | found.keys()):
            if wanted.get(name) != found.get(name):
                raise InvalidInputError(_misfit(name, found.get(name), wanted.get(name)))
    shapes = [parameter.shape for parameter in network.parameters()]
    for name, tensor in state.optimizer.items():
        index = int(name.partition("/")[0])
        place = shapes[index] if index < len(shapes) else None
        if tensor.dim() and tensor.shape != place:
            raise InvalidInputError(_misfit(f"moment {name}", tensor.shape, place))


def _misfit(name: str, found: torch.Size | None, wanted: torch.Size | None) -> str:
    told = [str(list(shape)) if shape is not None else "none" for shape in (found, wanted)]
    return f"its {name} has shape {told[0]}, the network's {told[1]}"


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
