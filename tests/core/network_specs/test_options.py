"""Options: every network has some, they are checked without torch, and refusals say both sides."""

import subprocess
import sys
from typing import Any

import pytest

from core.errors import InvalidInputError
from core.network_specs import NETWORK_OPTIONS, CellsOptions, check_options
from core.specs import NetworkName


def test_every_network_has_options_and_all_of_them_a_default() -> None:
    assert set(NETWORK_OPTIONS) == set(NetworkName)
    for name, options in NETWORK_OPTIONS.items():
        assert check_options(name, {}) == options()


def test_options_are_checked_without_torch_and_optuna() -> None:
    code = "import sys, core.network_specs; print({'torch', 'optuna'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_options_of_cells_survive_json() -> None:
    options = CellsOptions.model_validate({"cells": [{"kind": "dilated", "residual": True}], "dropout": 0.2})
    assert check_options(NetworkName.CELLS, options.model_dump(mode="json")) == options


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"depth": 3}, "cells has no option depth; its options are stem, cells, dropout"),
        ({"cells": [{"kernel": 4}]}, r"cells\.0\.kernel=4: .*4 is even, .*; take 3 or 5"),
        ({"cells": [{"kind": "lstm"}]}, r"cells\.0\.kind='lstm': .*'conv', 'separable', 'dilated'"),
        ({"cells": [{"dilation": 2}]}, r"cells\.0\.dilation=2: Extra inputs"),
        ({"cells": []}, "at least 1 item"),
        ({"cells": [{}] * 9}, "at most 8 items"),
        ({"stem": {"stride": 0}}, r"stem\.stride=0"),
    ],
)
def test_option_that_a_network_does_not_take_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        check_options(NetworkName.CELLS, given)
