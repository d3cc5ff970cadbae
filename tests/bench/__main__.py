"""Run every measurement and print one JSON object, with the facts of the machine it was taken on."""

import json
import os
import platform

import torch

from core.learning.devices import device_name, resolve_device
from tests.bench import (
    durability,
    epochs,
    explorer,
    features,
    imports,
    logging,
    population,
    search,
    training,
    trials,
    waveform,
)

MEASUREMENTS = (
    durability,
    epochs,
    explorer,
    features,
    imports,
    logging,
    population,
    search,
    training,
    trials,
    waveform,
)


def main() -> None:
    """Measure one thing after the other."""
    device = device_name(resolve_device("auto"))
    machine = {
        "cpu_count": os.cpu_count(),
        "device": device,
        "platform": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    found = {module.__name__.rpartition(".")[2]: module.measure() for module in MEASUREMENTS}
    print(json.dumps({"machine": machine, **found}, indent=2))


if __name__ == "__main__":
    main()
