import numpy as np
import pytest
from scipy import stats

from core.errors import InvalidInputError
from core.queries.explorer import group_page, group_search, list_groupings, list_page
from core.storage.database import read_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def groups(text="", by="model", **wanted):
    with read_scope() as session:
        return group_page(session, text, by, **wanted)


def values_of(one, by):
    """Return in which groups an experiment is."""
    if by == "tag":
        return one.tags
    own = (
        getattr(one, by)
        if by in {"model", "dataset", "split", "owner", "status", "source", "campaign"}
        else None
    )
    value = own if own is not None else one.parameters.get(by.removeprefix("param."))
    return set() if value in {None, ""} else {value}


FIELDS = (
    "model",
    "dataset",
    "split",
    "owner",
    "status",
    "source",
    "campaign",
    "tag",
    "lr",
    "optimizer",
    "dropout",
)


@BOTH
@pytest.mark.parametrize("text", ["", "status:completed,failed or lr:0.5"])
def test_groups_hold_the_members_and_their_search_finds_just_them(made, text):
    live = [one for one in made if not one.archived]
    if text:
        live = [one for one in live if one.status != "running" or one.parameters["lr"] == 0.5]
    for by in FIELDS:
        found = groups(text, by, limit=100)
        wanted = {value for one in live for value in values_of(one, by)}
        assert {group.value for group in found.rows} == wanted, by
        sizes = [group.n for group in found.rows]
        assert sizes == sorted(sizes, reverse=True)
        assert (found.total, found.experiments) == (len(wanted), sum(sizes))
        assert found.without == sum(not values_of(one, by) for one in live)
        for group in found.rows:
            members = {one.id for one in live if group.value in values_of(one, by)}
            with read_scope() as session:
                opened = list_page(session, group_search(text, by, group.value), limit=100)
            assert {row.id for row in opened.rows} == members, (by, group.value)
            assert group.n == len(members)


@BOTH
@pytest.mark.parametrize("by", ["model", "tag", "lr"])
def test_spread_is_mean_sd_and_students_interval_over_runs(made, by):
    live = [one for one in made if not one.archived]
    metrics = ("val_accuracy", "last.val_accuracy", "test_accuracy")
    for group in groups("", by, metrics=metrics).rows:
        members = [one for one in live if group.value in values_of(one, by)]
        for name, value in (
            ("val_accuracy", lambda one: max(one.accuracy, default=None)),
            ("last.val_accuracy", lambda one: one.accuracy[-1] if one.accuracy else None),
            ("test_accuracy", lambda one: one.test_accuracy),
        ):
            measured = {one.id: value(one) for one in members if value(one) is not None}
            x, spread = np.array(list(measured.values())), group.spreads[name]
            assert spread.n == len(x)
            assert spread.mean == pytest.approx(x.mean(), rel=1e-12)
            assert spread.sd == pytest.approx(x.std(ddof=1), rel=1e-9)
            low, high = stats.t.interval(0.95, len(x) - 1, x.mean(), stats.sem(x))
            assert (spread.low, spread.high) == pytest.approx((max(low, 0.0), min(high, 1.0)), rel=1e-9)
            assert (spread.best, measured[spread.best_id]) == (x.max(), x.max())


@BOTH
def test_single_run_has_no_spread_and_one_without_the_metric_none_at_all(made):
    found = groups("status:running", "param.seed", metrics=["val_accuracy", "test_accuracy"], limit=100)
    by_seed = {one.parameters["seed"]: one for one in made}
    assert found.rows
    for group in found.rows:
        one, spread = by_seed[group.value], group.spreads["val_accuracy"]
        assert (group.n, group.spreads["test_accuracy"]) == (1, None)
        if not one.accuracy:
            assert spread is None
            continue
        best = max(one.accuracy)
        assert (spread.n, spread.mean, spread.best, spread.best_id) == (1, best, best, one.id)
        assert (spread.sd, spread.low, spread.high) == (None, None, None)


@BOTH
def test_groups_are_sorted_by_value_number_and_mean_and_paged(made):
    by_name = [group.value for group in groups("", "dataset", sort="value", descending=False).rows]
    assert by_name == sorted(by_name)
    seeds = [group.value for group in groups("", "param.seed", sort="value", limit=100).rows]
    assert seeds == sorted(seeds, reverse=True)
    ranked = groups("", "param.seed", metrics=["val_accuracy"], sort="val_accuracy", limit=100).rows
    means = [group.spreads["val_accuracy"].mean for group in ranked if group.spreads["val_accuracy"]]
    assert means == sorted(means, reverse=True)
    assert [bool(group.spreads["val_accuracy"]) for group in ranked] == sorted(
        (bool(group.spreads["val_accuracy"]) for group in ranked), reverse=True
    )
    pages = [
        groups("", "param.seed", sort="value", limit=10, offset=offset) for offset in (0, 10, 20, 30, 40)
    ]
    assert [group.value for each in pages for group in each.rows] == seeds
    assert {(each.total, each.experiments) for each in pages} == {(36, 36)}


def test_wrong_field_metric_and_order_are_told(made):
    with pytest.raises(InvalidInputError, match=r"not grouped by 'optimiser'.*did you mean optimizer"):
        groups(by="optimiser")
    with pytest.raises(InvalidInputError, match="no experiment has a metric 'lr'"):
        groups(metrics=["lr"])
    with pytest.raises(InvalidInputError, match="not sorted by 'mean'"):
        groups(sort="mean")
    with read_scope() as session:
        assert list_groupings(session)[-4:] == ["dropout", "lr", "optimizer", "seed"]


@pytest.mark.parametrize(
    ("text", "by", "value", "search"),
    [
        ("", "model", "wdcnn", "model:wdcnn"),
        ("a b", "dataset", 'x"y, z', 'a b dataset:"x\\"y, z"'),
        ("a or b sort:-x limit:3", "lr", 0.001, "(a or b) param.lr:0.001 sort:-x limit:3"),
        ('"sort:x" or b', "param.epochs", 5.0, '("sort:x" or b) param.epochs:5.0'),
        ("a sort:x", "tag", "not", 'a sort:x tag:"not"'),
        ("", "my param", "a\\b", '"param.my param":"a\\\\b"'),
    ],
)
def test_search_of_a_group_is_quoted_and_keeps_what_holds_for_the_whole(text, by, value, search):
    assert group_search(text, by, value) == search
