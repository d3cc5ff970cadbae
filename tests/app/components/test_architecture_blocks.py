"""A network as blocks."""

from app.components.architecture_blocks import architecture_blocks
from core.network_specs import CellOptions, CellsOptions


def test_blocks_stand_in_the_order_of_the_signal_with_what_each_is_made_of():
    first = CellOptions(kind="dilated", kernel=7, width=48, depth=2, attention="self", pooling="mean")
    cells = (first, CellOptions(residual=True, pooling="none"))
    shown = str(architecture_blocks(CellsOptions(cells=cells, dropout=0.2), 3).object)
    told = [
        "stem", "kernel 64, stride 8", "width 16",
        "cell 1", "dilated", "kernel 7", "width 48", "2 layers", "self-attention", "mean pooling",
        "cell 2", "convolution", "1 layer", "shortcut beside it",
        "head", "3 classes", "dropout 0.2",
    ]  # fmt: skip
    place = 0
    for words in told:
        place = shown.index(words, place)
    assert "max pooling" not in shown
