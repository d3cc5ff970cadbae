from threading import Event
from types import SimpleNamespace

import pytest

from app.components.signal.following import Follower
from tests.app.components.signal.conftest import ServedDocument


def test_unserved_answer_is_there_when_asking_returns() -> None:
    shown: list[tuple[int, int]] = []
    follower = Follower(SimpleNamespace(document=None), lambda n: n * n, lambda *told: shown.append(told))
    follower.ask(3)
    follower.ask(4)
    assert shown == [(3, 9), (4, 16)]


def test_served_answer_comes_later_and_what_is_no_longer_wanted_is_never_computed(
    document: ServedDocument, served_figure: SimpleNamespace
) -> None:
    may_go, computed, shown = Event(), [], []

    def compute(number: int) -> int:
        assert may_go.wait(10)
        computed.append(number)
        return number * number

    follower = Follower(served_figure, compute, lambda *told: shown.append(told))
    for number in (1, 2, 3, 4):
        follower.ask(number)
    assert shown == []
    may_go.set()
    document.run(2)
    assert computed == [1, 4]
    assert shown == [(1, 1), (4, 16)]
    assert document.put_off.empty()


def test_answer_waits_for_the_documents_lock(
    document: ServedDocument, served_figure: SimpleNamespace
) -> None:
    shown: list[object] = []
    follower = Follower(served_figure, lambda n: n, lambda *told: shown.append(told))
    follower.ask(1)
    answer = document.put_off.get(timeout=10)
    assert shown == []
    answer()
    assert shown == [(1, 1)]


def test_failure_is_raised_in_the_session_and_the_next_ask_is_answered(
    document: ServedDocument, served_figure: SimpleNamespace
) -> None:
    shown: list[object] = []
    follower = Follower(served_figure, lambda n: 1 / n, lambda *told: shown.append(told))
    follower.ask(0)
    with pytest.raises(ZeroDivisionError):
        document.run(1)
    follower.ask(2)
    document.run(1)
    assert shown == [(2, 0.5)]
