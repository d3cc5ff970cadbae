"""Tags: how often each is used is true after every act, and two who tag at once do not undo each other."""

from collections.abc import Callable
from threading import Thread

import pytest
from sqlalchemy import func, select, update

from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.models import Experiment, ExperimentStatus, ExperimentTag, Tag
from core.queries.tags import TagRow, list_tags, tags_of
from core.services.access import Actor
from core.services.experiment_deletion import delete_experiments
from core.services.experiments import create_experiment
from core.services.tag_names import make_slug
from core.services.tags import (
    add_tags,
    create_tag,
    delete_tag,
    merge_tags,
    recolor_tag,
    remove_tags,
    rename_tag,
)
from core.specs import TrainingSpec
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def ids(researcher: Actor, dataset: str) -> list[int]:
    """Three experiments that have ended."""
    with session_scope() as session:
        rows = [create_experiment(session, researcher, TrainingSpec(dataset=dataset)) for _ in range(3)]
        for row in rows:
            row.status = ExperimentStatus.COMPLETED
        return [row.id for row in rows]


def tagged(actor: Actor, ids: list[int], *names: str) -> int:
    with session_scope() as session:
        return add_tags(session, actor, ids, names)


def usage() -> dict[str, int]:
    """Return how often each tag says that it is used, which must be how often it is."""
    with read_scope() as session:
        told = {row.name: row.usage_count for row in list_tags(session)}
        borne = select(Tag.name, func.count(ExperimentTag.id)).outerjoin(ExperimentTag).group_by(Tag.name)
        assert told == dict(session.execute(borne).all())
    return told


def id_of(name: str) -> int:
    with read_scope() as session:
        return next(row.id for row in list_tags(session) if row.name == name)


@BOTH
def test_usage_is_true_after_every_act(researcher: Actor, ids: list[int]) -> None:
    assert tagged(researcher, ids, "paper", "baseline") == 6
    assert usage() == {"baseline": 3, "paper": 3}
    assert tagged(researcher, ids[:2], "to check") == 2
    with session_scope() as session:
        assert remove_tags(session, researcher, ids[:1], ["paper"]) == 1
    assert usage() == {"baseline": 3, "paper": 2, "to check": 2}
    with session_scope() as session:
        delete_experiments(session, researcher, ids[1:2])
    assert usage() == {"baseline": 2, "paper": 1, "to check": 1}
    with session_scope() as session:
        delete_tag(session, researcher, id_of("baseline"))
    assert usage() == {"paper": 1, "to check": 1}


@BOTH
def test_tagging_again_changes_nothing(researcher: Actor, ids: list[int]) -> None:
    assert tagged(researcher, ids[:2], "paper") == 2
    assert tagged(researcher, ids, "paper", "Paper", " paper ") == 1
    with session_scope() as session:
        assert remove_tags(session, researcher, ids, ["PAPER"]) == 3
        assert remove_tags(session, researcher, ids, ["paper"]) == 0
    assert usage() == {"paper": 0}


@BOTH
def test_merging_moves_the_bearers_and_bears_none_twice(researcher: Actor, ids: list[int]) -> None:
    tagged(researcher, ids[:2], "ball")
    tagged(researcher, ids[1:], "balls")
    tagged(researcher, ids[2:], "rolling")
    into = id_of("rolling")
    with session_scope() as session:
        merge_tags(session, researcher, [id_of("ball"), id_of("balls")], into)
    assert usage() == {"rolling": 3}
    with read_scope() as session:
        assert {i: [row.id for row in rows] for i, rows in tags_of(session, ids).items()} == {
            row_id: [into] for row_id in ids
        }


@BOTH
def test_a_renamed_tag_keeps_its_bearers_and_goes_by_its_new_name(researcher: Actor, ids: list[int]) -> None:
    tagged(researcher, ids, "papr")
    with session_scope() as session:
        create_tag(session, researcher, "taken")
        row = rename_tag(session, researcher, id_of("papr"), "Paper 2026")
        assert (row.slug, row.usage_count) == ("paper-2026", 3)
    assert usage() == {"Paper 2026": 3, "taken": 0}
    assert tagged(researcher, ids, "paper-2026") == 0
    with session_scope() as session, pytest.raises(ConflictError, match="there is a tag 'taken'"):
        rename_tag(session, researcher, id_of("Paper 2026"), "TAKEN")


def test_one_word_is_one_tag_however_it_is_written(researcher: Actor) -> None:
    with session_scope() as session:
        create_tag(session, researcher, "To Check", "#0F766E")
        for same in ("to-check", "TO_CHECK", "to  check"):
            with pytest.raises(ConflictError, match="To Check"):
                create_tag(session, researcher, same)
    with read_scope() as session:
        assert list_tags(session) == [TagRow(id_of("To Check"), "To Check", "to-check", "#0f766e", 0)]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("To Check!", "to-check-exclamation-mark"), ("café", "cafe"), ("C++", "c-plus-sign-plus-sign"),
        ("C", "c"), ("v1.0", "v1-0"), ("外輪", "外輪"), ("🔥", "fire"), ("Straße", "strasse"), ("--", ""),
        ("pa\u200bper\u202e", "paper"), ("℡", "tel"),
    ],
)  # fmt: skip
def test_a_slug_tells_names_apart_that_people_tell_apart(name: str, slug: str) -> None:
    assert make_slug(name) == slug


def test_a_name_of_separators_and_a_colour_that_is_none_are_refused(researcher: Actor) -> None:
    with session_scope() as session:
        with pytest.raises(InvalidInputError, match="no letter"):
            create_tag(session, researcher, "--")
        with pytest.raises(InvalidInputError, match="#0f766e"):
            create_tag(session, researcher, "paper", "red; background: url(x)")
        tag = create_tag(session, researcher, "paper")
        assert recolor_tag(session, researcher, tag.id, "#ABCDEF").color == "#abcdef"
        with pytest.raises(InvalidInputError, match="into itself"):
            merge_tags(session, researcher, [tag.id], tag.id)


def test_a_tag_that_is_not_there_is_told_with_the_nearest(researcher: Actor, ids: list[int]) -> None:
    tagged(researcher, ids, "baseline")
    with session_scope() as session:
        with pytest.raises(NotFoundError, match="did you mean baseline"):
            remove_tags(session, researcher, ids, ["basline"])
        with pytest.raises(NotFoundError, match="no tag 99"):
            delete_tag(session, researcher, 99)
        with pytest.raises(NotFoundError, match="no experiment 99"):
            add_tags(session, researcher, [*ids, 99], ["baseline"])


def test_anothers_tag_and_anothers_experiment_are_refused(
    researcher: Actor, make_actor: Callable[..., Actor], ids: list[int]
) -> None:
    tagged(researcher, ids, "paper")
    stranger, viewer, admin = (
        make_actor("stranger"),
        make_actor("viewer", "viewer"),
        make_actor("boss", "admin"),
    )
    tag_id = id_of("paper")
    for act in (
        lambda session: rename_tag(session, stranger, tag_id, "mine"),
        lambda session: recolor_tag(session, stranger, tag_id, None),
        lambda session: delete_tag(session, stranger, tag_id),
        lambda session: add_tags(session, stranger, ids, ["paper"]),
        lambda session: remove_tags(session, stranger, ids, ["paper"]),
        lambda session: create_tag(session, viewer, "mine"),
    ):
        with session_scope() as session, pytest.raises(ForbiddenError):
            act(session)
    with session_scope() as session:
        rename_tag(session, admin, tag_id, "ours")
    assert usage() == {"ours": 3}


@BOTH
def test_two_who_tag_at_once_are_both_counted(researcher: Actor, ids: list[int]) -> None:
    threads = [
        Thread(target=tagged, args=(researcher, [row_id], *order))
        for row_id, order in zip(ids, (("a", "b"), ("b", "a"), ("a", "b")), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert usage() == {"a": 3, "b": 3}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_who_tags_waits_for_who_merges(researcher: Actor, ids: list[int]) -> None:
    tagged(researcher, ids[:1], "old", "kept")
    with session_scope() as session:
        merge_tags(session, researcher, [id_of("old")], id_of("kept"))
        late = Thread(target=tagged, args=(researcher, ids[1:2], "old"))
        late.start()
        session.execute(update(Experiment).where(Experiment.id == ids[2]).values(notes="meanwhile"))
    late.join()
    assert usage() == {"kept": 1, "old": 1}
