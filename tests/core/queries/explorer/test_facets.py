from collections import Counter

import pytest

from core.queries.explorer import count_facets
from core.queries.search import SearchError
from core.storage.database import read_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def counted(text="", archived=False):
    with read_scope() as session:
        facets = count_facets(session, text, archived)
    assert list(facets) == ["status", "model", "dataset", "split", "owner", "tag", "source"]
    for values in facets.values():
        assert [one.count for one in values] == sorted((one.count for one in values), reverse=True)
    return {name: {one.value: one.count for one in values} for name, values in facets.items()}


def expected(chosen):
    counts = {
        name: dict(Counter(getattr(one, name) for one in chosen))
        for name in ("status", "model", "dataset", "split", "owner", "source")
    }
    return counts | {"tag": dict(Counter(tag for one in chosen for tag in one.tags))}


@BOTH
def test_counts_are_those_of_what_the_search_finds(made):
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


def test_nothing_found_is_no_count_and_a_wrong_search_is_an_error(made):
    assert set(map(str, counted("lr>99").values())) == {"{}"}
    with pytest.raises(SearchError, match="there is no status 'complete'"):
        counted("status:complete")
