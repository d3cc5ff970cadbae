from collections import Counter

import pytest

from core.queries.explorer import count_facets, facets, list_page
from core.queries.search import SearchError, plan_search
from core.storage.database import read_scope
from tests.core.queries.explorer.test_pages import statements

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def counted(text="", archived=False):
    with read_scope() as session:
        found = count_facets(session, text, archived)
    assert list(found) == ["status", "model", "dataset", "split", "owner", "tag", "source"]
    for values in found.values():
        assert [one.count for one in values] == sorted((one.count for one in values), reverse=True)
    return {name: {one.value: one.count for one in values} for name, values in found.items()}


def expected(chosen):
    counts = {
        name: dict(Counter(getattr(one, name) for one in chosen))
        for name in ("status", "model", "dataset", "split", "owner", "source")
    }
    return counts | {"tag": dict(Counter(tag for one in chosen for tag in one.tags))}


@BOTH
@pytest.mark.parametrize("steps", [0, 10**6])
def test_counts_are_those_of_what_the_search_finds(made, monkeypatch, steps):
    monkeypatch.setattr(facets, "STEPS_AN_ID", steps)  # each experiment by its id, and all in passing
    live = [one for one in made if not one.archived]
    assert counted() == expected(live)
    assert counted(archived=True) == expected([one for one in made if one.archived])
    assert counted("archived:yes,no") == expected(made)
    assert counted("status:completed owner:ann") == expected(
        [one for one in live if (one.status, one.owner) == ("completed", "ann")]
    )
    assert counted('tag:"to do" lr<0.2') == expected(
        [one for one in live if "to do" in one.tags and one.parameters["lr"] < 0.2]
    )


@BOTH
def test_limit_of_a_search_bounds_its_counts(made):
    live = [one for one in made if not one.archived]
    assert counted("limit:7") == expected(live[-7:])
    best = sorted((one for one in live if one.test_accuracy), key=lambda one: -one.test_accuracy)
    assert counted("sort:-test_accuracy limit:4") == expected(best[:4])


@BOTH
@pytest.mark.parametrize("text", ["", "status:completed owner:ann", 'tag:"to do" sort:-test_accuracy'])
@pytest.mark.parametrize("archived", [False, True])
def test_facets_and_page_of_one_plan_look_for_the_experiments_once(made, text, archived):
    alone = counted(text, archived)
    with read_scope() as session:
        plan = plan_search(session, text)
        together = count_facets(session, plan, archived)
        with statements() as asked:
            page = list_page(session, plan, archived=archived)
        assert page == list_page(session, text, archived=archived)
    assert not any("count(" in one for one in asked)
    assert page.total == sum(one.count for one in together["status"])
    assert {name: {one.value: one.count for one in values} for name, values in together.items()} == alone


def test_nothing_found_is_no_count_and_a_wrong_search_is_an_error(made):
    assert set(map(str, counted("lr>99").values())) == {"{}"}
    with pytest.raises(SearchError, match="there is no status 'complete'"):
        counted("status:complete")
