"""Users; until accounts exist, the home's one local user."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import User
from core.services.access import Actor, Via

LOCAL_USERNAME = "local"


def ensure_local_user(session: Session) -> User:
    """Return the home's local user, making the row at first start; it has no password and cannot sign in."""
    user = session.scalar(select(User).where(User.username == LOCAL_USERNAME))
    if user is None:
        user = User(username=LOCAL_USERNAME, role="admin", is_active=True)
        session.add(user)
        session.flush()
    return user


def get_local_actor(session: Session, via: Via) -> Actor:
    """Return the local user as the actor of a command, a page or a notebook."""
    return Actor(user_id=ensure_local_user(session).id, role="admin", via=via)
