from core.jobs.reach import Reach
from core.services.jobs import HEARTBEAT_S


def test_a_database_reached_at_every_tick_is_steady() -> None:
    moments = iter([0.0, 0.0, 5.0, 5.1, 10.0, 10.1])
    reach = Reach(10.0, now=lambda: next(moments))
    reach.renew()
    for _ in range(2):
        reach.renew()
        assert reach.is_steady()


def test_after_a_gap_hearts_get_the_time_to_be_heard() -> None:
    clock = [0.0]
    reach = Reach(10.0, now=lambda: clock[0])
    reach.renew()
    clock[0] = 20.0
    reach.renew()
    assert not reach.is_steady()
    clock[0] = 20.5
    reach.renew()  # a second tick that waited as long as the first
    assert not reach.is_steady()
    clock[0] = 20.0 + HEARTBEAT_S
    assert reach.is_steady()


def test_a_fresh_worker_looks_for_the_dead_at_once() -> None:
    reach = Reach(10.0, now=lambda: 100.0)
    reach.renew()
    assert reach.is_steady()
