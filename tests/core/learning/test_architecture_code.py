"""Code: a file that needs torch alone makes the very network."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from core.learning.architecture import Cells
from core.learning.architecture_code import write_code
from core.network_specs import CellsOptions, architecture_hash
from tests.core.learning.architectures import EVERYTHING, draw_architectures


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "network"}
    exec(code, names)  # noqa: S102  # what was just written
    return names


def redraw(network: nn.Module) -> nn.Module:
    """Give statistics and scales values of their own, that a mix-up would show."""
    generator = torch.Generator().manual_seed(0)
    for weight in network.state_dict().values():
        if weight.is_floating_point():
            weight.uniform_(0.1, 0.6, generator=generator)
    return network.eval()


@pytest.mark.parametrize("options", [EVERYTHING, *draw_architectures(20, seed=1)])
def test_written_network_takes_the_weights_and_gives_equal_logits(options: CellsOptions) -> None:
    ours = redraw(Cells(7, 512, options))
    theirs = run(write_code(options, 7, 512))["Network"]()
    theirs.load_state_dict(ours.state_dict())
    windows = torch.randn(3, 1, 1, 512, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(theirs.eval()(windows), ours(windows))


def test_written_network_drops_out_as_ours_does() -> None:
    theirs = run(write_code(EVERYTHING, 7, 512))["Network"]()
    assert theirs.head[0].p == EVERYTHING.dropout


@pytest.mark.parametrize("options", [EVERYTHING, CellsOptions()])
def test_file_imports_torch_alone_and_only_what_it_uses(options: CellsOptions) -> None:
    tree = ast.parse(write_code(options, 3, 512))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    assert {(module or "").partition(".")[0] for module in modules} == {"torch"}
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    blocks = ["Multiscale", "Shortcut", "Squeeze", "SelfAttention"] if options is EVERYTHING else []
    assert classes == [*blocks, "Network"]


def test_file_says_what_it_is() -> None:
    told = ast.get_docstring(ast.parse(write_code(CellsOptions(), 3, 512)))
    assert told is not None
    assert told.startswith("A network for windows of 512 samples of one channel, 3 classes.\n")
    assert architecture_hash(CellsOptions()) in told


@pytest.mark.parametrize("options", [EVERYTHING, CellsOptions()])
def test_file_has_no_fault_that_a_linter_finds(options: CellsOptions, tmp_path: Path) -> None:
    file = tmp_path / "network.py"
    file.write_text(write_code(options, 3, 512))
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=E,F,I,W", "--line-length=110"]
    done = subprocess.run([*ruff, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
