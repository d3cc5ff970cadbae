import pytest

from app.state.compare import CompareState


def test_address_holds_the_whole_comparison() -> None:
    chosen = CompareState(
        ids=[7, 3, 5], metric="test_accuracy", baseline=3, group="lr", curve="val_loss", axis="time",
        smoothing=0.9, tab="scores", parameter="batch_size",
    )  # fmt: skip
    assert chosen.query()["ids"] == "7,3,5"
    again = CompareState()
    again.read_query(chosen.query())
    assert {name: getattr(again, name) for name in CompareState.url_params} == {
        name: getattr(chosen, name) for name in CompareState.url_params
    }
    assert again.notice == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ids", "1,x"),
        ("ids", "1,2.5"),
        ("ids", ",".join(map(str, range(51)))),
        ("axis", "days"),
        ("smoothing", "1"),
    ],
)
def test_what_does_not_fit_is_told_and_left_out(name: str, value: str) -> None:
    state = CompareState()
    state.read_query({name: value})
    assert getattr(state, name) == state.param[name].default
    assert name in state.notice
