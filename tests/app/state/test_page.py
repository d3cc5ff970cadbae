import param
import pytest

from app.state.page import PageState


class ExplorerState(PageState):
    url_params = ("experiment", "search", "view", "models", "order", "best", "archived")

    experiment = param.Integer(default=None, bounds=(1, None), doc="open experiment")
    search = param.String(default="", doc="search text")
    view = param.Range(default=None, allow_None=True, doc="seconds in view")
    models = param.List(default=[], item_type=str, doc="models shown")
    order = param.Selector(default="newest", objects=["newest", "best"], doc="order of the table")
    best = param.Number(default=0.5, doc="least accuracy")
    archived = param.Boolean(default=False, doc="archived ones too")
    hovered = param.Integer(default=0, doc="not in the address")


CHOSEN = {
    "experiment": 118,
    "search": "a & b = <c>",
    "view": (0.25, 1.5),
    "models": ["wdcnn", "a,b"],
    "order": "best",
    "best": 0.95,
    "archived": True,
}


def test_query_names_only_what_differs_from_its_default() -> None:
    assert ExplorerState(hovered=3, experiment=7).query() == {"experiment": "7"}


def test_state_comes_back_from_its_own_query() -> None:
    state = ExplorerState()
    state.read_query(ExplorerState(**CHOSEN).query())
    assert {name: getattr(state, name) for name in CHOSEN} == CHOSEN
    assert state.notice == ""


def test_value_left_out_of_the_query_returns_to_its_default() -> None:
    state = ExplorerState(**CHOSEN)
    state.read_query({})
    assert state.query() == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("experiment", "abc"),
        ("experiment", "-4"),
        ("view", "1,nan"),
        ("view", "[["),
        ("view", "1"),
        ("models", "1"),
        ("models", "[" * 4_000),
        ("order", "worst"),
        ("best", "inf"),
        ("best", "1e999"),
        ("archived", "perhaps"),
    ],
)
def test_bad_value_in_the_address_is_named_and_ignored(name: str, text: str) -> None:
    state = ExplorerState(search="kept")
    state.read_query({name: text, "search": "kept"})
    assert state.query() == {"search": "kept"}
    assert f"{name}={text[:80]}" in state.notice


def test_watchers_see_one_change_for_one_address() -> None:
    state = ExplorerState()
    seen: list[int] = []
    state.param.watch(lambda *events: seen.append(len(events)), ["experiment", "search"])
    state.read_query({"experiment": "3", "search": "x"})
    assert seen == [2]


def test_same_address_again_changes_nothing() -> None:
    state = ExplorerState(experiment=3, view=(0.0, 1.0))
    seen: list[object] = []
    state.param.watch(seen.append, list(ExplorerState.url_params))
    state.read_query(state.query())
    assert seen == []
