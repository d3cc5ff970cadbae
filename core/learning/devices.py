"""Where tensors live: which device was asked for, and its name for people."""

import torch

from core.errors import InvalidInputError


def resolve_device(name: str) -> torch.device:
    """Return the device for "auto", "cpu" or "cuda"; auto takes a CUDA GPU where there is one.

    Raises InvalidInputError where "cuda" is asked for and there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InvalidInputError("device cuda was asked for and this machine has none; choose auto or cpu")
    return torch.device("cuda", torch.cuda.current_device()) if name == "cuda" else torch.device(name)


def device_name(device: torch.device) -> str:
    """Return such as "cpu (2 threads)" or "NVIDIA H100 80GB HBM3"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({torch.get_num_threads()} threads)"
