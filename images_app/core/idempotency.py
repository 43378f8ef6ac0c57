"""Requests that are sent twice because the answer was lost: the `Idempotency-Key` of a user, kept for a day."""

from datetime import timedelta

from sqlmodel import Session

from images_app.core.access import Viewer
from images_app.database import lock
from images_app.errors import IdempotencyConflict
from images_app.models import IdempotencyKey, now

LIFETIME = timedelta(hours=24)


def claim(session: Session, viewer: Viewer, key: str | None) -> None:
    """Before `made`, by who is about to make something: of two requests with one key, one comes after the other."""
    if key is not None:
        lock(session, f"idempotency {viewer.user_id} {key}")


def made(session: Session, viewer: Viewer, key: str | None, fingerprint: str) -> str | None:
    """The id of what this key made within the last day; None when the key is free or there is none.

    `fingerprint` stands for what is asked for now. Raises IdempotencyConflict when the key stood for something else.
    """
    used = None if key is None else session.get(IdempotencyKey, (viewer.user_id, key))
    if used is None or used.created_at < now() - LIFETIME:
        return None
    if used.fingerprint != fingerprint:
        raise IdempotencyConflict("This Idempotency-Key was used before, for something else.")
    return used.made_id


def is_used(session: Session, viewer: Viewer, key: str) -> bool:
    """Whether the key made something within the last day."""
    used = session.get(IdempotencyKey, (viewer.user_id, key))
    return used is not None and used.created_at >= now() - LIFETIME


def remember(session: Session, viewer: Viewer, key: str | None, fingerprint: str, made_id: str) -> None:
    """Bind a key to what was just made with it."""
    if key is not None:
        session.merge(IdempotencyKey(user_id=viewer.user_id, key=key, made_id=made_id, fingerprint=fingerprint))
