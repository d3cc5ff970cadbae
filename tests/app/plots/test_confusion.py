import pytest

from app.plots.confusion import cell_at, draw_confusion, select_cell, show_counts

CLASSES = ("ball", "inner_race", "outer_race severe")
COUNTS = ((8, 0, 0), (1, 3, 0), (0, 0, 0))


def test_cells_show_counts_and_are_coloured_by_the_share_of_the_true_class() -> None:
    data = draw_confusion(CLASSES, COUNTS, "windows").source.data
    assert data["text"] == ["8", "0", "0", "1", "3", "0", "0", "0", "0"]
    assert data["share"][3:5] == [0.25, 0.75]
    assert data["fill"][0] != data["fill"][4] != data["fill"][3]


def test_class_without_windows_has_no_share_and_is_no_error() -> None:
    data = draw_confusion(CLASSES, COUNTS, "windows").source.data
    assert data["share"][6:] == [0.0, 0.0, 0.0]
    assert data["support"][6:] == [0, 0, 0]


def test_classes_keep_their_order_with_the_first_row_on_top() -> None:
    plot = draw_confusion(CLASSES, COUNTS, "windows").figure
    assert tuple(plot.x_range.factors) == CLASSES
    assert tuple(reversed(plot.y_range.factors)) == CLASSES


def test_every_cell_names_its_true_and_predicted_class() -> None:
    confusion = draw_confusion(CLASSES, COUNTS, "windows")
    data = confusion.source.data
    assert [cell_at(confusion, i) for i in range(9)] == list(
        zip(data["true"], data["predicted"], strict=True)
    )


def test_selected_cell_is_the_one_named_and_an_unknown_class_selects_none() -> None:
    confusion = draw_confusion(CLASSES, COUNTS, "windows")
    select_cell(confusion, "inner_race", "ball")
    assert confusion.source.selected.indices == [3]
    select_cell(confusion, "inner_race", "cage")
    assert confusion.source.selected.indices == []


def test_records_replace_windows_in_the_same_figure() -> None:
    confusion = draw_confusion(CLASSES, COUNTS, "windows")
    source = confusion.source
    show_counts(confusion, ((1, 0, 0), (0, 1, 0), (0, 0, 0)), "records")
    assert confusion.source is source
    assert source.data["unit"] == ["records"] * 9
    assert source.data["text"][4] == "1"


def test_ink_stands_out_from_the_cell() -> None:
    data = draw_confusion(("a", "b"), ((9, 1), (0, 10)), "windows").source.data
    assert data["ink"][:2] == ["#ffffff", "#101010"]


def test_a_cell_grows_darker_with_its_share_so_that_few_mistakes_do_not_shout() -> None:
    data = draw_confusion(("a", "b"), ((9, 1), (0, 10)), "windows").source.data
    light = [sum(int(fill[i : i + 2], 16) for i in (1, 3, 5)) for fill in data["fill"]]
    assert light[1] > light[0] > light[3]


@pytest.mark.parametrize(
    ("classes", "is_turned"),
    [(["a", "b"], False), (["inner_race incipient", "b"], True), ([f"B_00{i}" for i in range(9)], True)],
)
def test_names_below_that_would_overlap_are_turned(classes: list[str], is_turned: bool) -> None:
    plot = draw_confusion(classes, [[1] * len(classes)] * len(classes), "windows").figure
    assert (plot.xaxis[0].major_label_orientation != "horizontal") == is_turned
    assert plot.min_width <= 266  # what a card leaves on a telephone of 420 px
