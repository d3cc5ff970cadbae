"""A network of cells as source code that needs torch and nothing else."""

from inspect import getsource
from textwrap import indent

import torch
from torch import nn

from core.learning import architecture_blocks as blocks
from core.learning.architecture import Cells
from core.network_specs.graphs import architecture_hash
from core.network_specs.options import CellsOptions

_BLOCKS = (blocks.Multiscale, blocks.Shortcut, blocks.Squeeze, blocks.SelfAttention)

_FILE = '''"""A network for windows of {window_length} samples of one channel, {num_classes} classes.

Written by Brinell; {num_parameters:,} parameters, architecture
{hash}.
Its weights have the names of the trained network's: `Network().load_state_dict(weights)` takes them as
they are. Call `eval()` before asking for answers.
"""

import torch
from torch import Tensor, nn
{imports}

{blocks}class Network(nn.Module):
    """A strided stem, cells in a row, and the mean over time before one dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = {stem}
        self.layers = {layers}
        self.head = {head}

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (batch, {num_classes}) of windows (batch, 1, 1, time)."""
        features = self.layers(self.stem(windows))  # (batch, channel, 1, steps)
        return self.head(features.mean(dim=(2, 3)))


if __name__ == "__main__":
    print(Network().eval()(torch.zeros(1, 1, 1, {window_length})).shape)
'''


def write_code(options: CellsOptions, num_classes: int, window_length: int) -> str:
    """Return a Python file whose `Network()` is the network of `options`; it imports torch alone.

    Its `state_dict` has the keys and shapes of `Cells`, so that trained weights load as they are.

    Raises InvalidInputError where the window is too short for the poolings.
    """
    with torch.device("meta"):
        network = Cells(num_classes, window_length, options)
    used = [block for block in _BLOCKS if any(isinstance(module, block) for module in network.modules())]
    return _FILE.format(
        window_length=window_length,
        num_classes=num_classes,
        hash=architecture_hash(options),
        num_parameters=sum(parameter.numel() for parameter in network.parameters()),
        imports="from torch.nn import functional\n" if blocks.SelfAttention in used else "",
        blocks="".join(f"{getsource(block)}\n\n" for block in used),
        stem=_nested(network.stem),
        layers=_nested(network.layers),
        head=_nested(network.head),
    )


def _nested(module: nn.Module) -> str:
    return indent(_expression(module), " " * 8).lstrip()


def _expression(module: nn.Module) -> str:
    """Return the call that makes `module`."""
    match module:
        case nn.Sequential():
            parts = "".join(f"{_expression(part)},\n" for part in module)
            return f"nn.Sequential(\n{indent(parts, '    ')})"
        case blocks.Shortcut():
            parts = f"{_expression(module.body)},\n{_expression(module.shortcut)},\n"
            return f"Shortcut(\n{indent(parts, '    ')})"
        case blocks.Multiscale():
            channels_out = module.narrow.out_channels + module.wide.out_channels
            return f"Multiscale({module.narrow.in_channels}, {channels_out}, {module.narrow.kernel_size[1]})"
        case blocks.Squeeze():
            return f"Squeeze({module.reduce.in_features}, {module.reduce.out_features})"
        case blocks.SelfAttention():
            return f"SelfAttention({module.join.in_channels})"
        case _:
            return f"nn.{_leaf(module)}"


def _leaf(module: nn.Module) -> str:
    match module:
        case nn.Conv2d():
            return _convolution(module)
        case nn.BatchNorm2d():
            return f"BatchNorm2d({module.num_features})"
        case nn.MaxPool2d() | nn.AvgPool2d():
            return f"{type(module).__name__}({module.kernel_size})"
        case nn.Linear():
            return f"Linear({module.in_features}, {module.out_features})"
        case nn.Dropout():
            return f"Dropout({module.p})"
        case _:
            return f"{type(module).__name__}()"


def _convolution(module: nn.Conv2d) -> str:
    arguments = {"stride": module.stride, "padding": module.padding, "dilation": module.dilation}
    plain = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
    told = [f"{name}={value}" for name, value in arguments.items() if value != plain[name]]
    told += [f"groups={module.groups}"] if module.groups > 1 else []
    shape = f"{module.in_channels}, {module.out_channels}, {module.kernel_size}"
    return f"Conv2d({', '.join([shape, *told, 'bias=False'])})"
