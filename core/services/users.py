"""Users; until accounts exist, the home's one local user."""

from typing import cast

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.models import User
from core.services.access import Actor, Role, Via

LOCAL_USERNAME = "local"


def ensure_local_user(session: Session) -> User:
    """Return the home's local user, making the row at first start; it has no password and cannot sign in."""
    stored = select(User).where(User.username == LOCAL_USERNAME)
    user = session.scalar(stored)
    if user is None:
        try:
            with session.begin_nested():
                user = User(username=LOCAL_USERNAME, role="admin", is_active=True)
                session.add(user)
        except IntegrityError:  # another process started first at the same moment
            user = session.scalars(stored).one()
    return user


def get_local_actor(session: Session, via: Via) -> Actor:
    """Return the local user as the actor of a command, a page or a notebook."""
    return Actor(user_id=ensure_local_user(session).id, role="admin", via=via)


def get_actor(session: Session, user_id: int, via: Via) -> Actor:
    """Return a stored user as an actor, with the role they have now."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFoundError(f"user {user_id} is no longer stored; an admin may start the work again")
    return Actor(user_id=user.id, role=cast("Role", user.role), via=via)
