from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from core.errors import NotFoundError
from core.models import User
from core.services.users import ensure_local_user, get_actor, get_local_actor
from core.storage.database import session_scope


def test_local_user_is_made_once_and_is_admin(database: str) -> None:
    for _ in range(2):
        with session_scope() as session:
            actor = get_local_actor(session, "cli")
    assert (actor.role, actor.via) == ("admin", "cli")
    with session_scope() as session:
        assert session.scalar(select(func.count(User.id))) == 1
        assert ensure_local_user(session).password_hash is None


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_those_who_start_first_at_once_are_one_local_user(database: str) -> None:
    together = Barrier(4)

    def start() -> int:
        with session_scope() as session:
            if database.startswith("postgresql"):  # SQLite lets in one writer after the other
                session.scalar(select(func.count(User.id)))
                together.wait(timeout=20)
            return get_local_actor(session, "notebook").user_id

    with ThreadPoolExecutor(4) as pool:
        ids = {each.result() for each in [pool.submit(start) for _ in range(4)]}
    assert len(ids) == 1


def test_actor_has_the_role_that_the_user_has_now(database: str, make_actor) -> None:
    user_id = make_actor("a", "researcher").user_id
    with session_scope() as session:
        session.get_one(User, user_id).role = "viewer"
    with session_scope() as session:
        assert get_actor(session, user_id, "job").role == "viewer"
        with pytest.raises(NotFoundError, match="user 99 is no longer stored"):
            get_actor(session, 99, "job")
