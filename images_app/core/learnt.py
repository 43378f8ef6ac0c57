"""Facts that are learnt once (another service tells them in passing, or a first start makes them up), kept in the
database so that every server knows them from then on."""

import hashlib
import time
from collections.abc import Callable

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, select

from images_app.database import Database
from images_app.models import LearntFact

_KNOWN_FOR_S = 60.0
_UNKNOWN_FOR_S = 1.0


def account_hash_of(account: str) -> str:
    """The name of the fact what a Cloudflare account (`CloudflareImages.account`) is called in delivery URLs:
    Cloudflare's API tells it with an image, and nowhere else. A server that moves to another account, or from the local
    Cloudflare to the real one, does not know that one's yet."""
    return f"cloudflare_account_hash:{hashlib.sha256(account.encode()).hexdigest()[:32]}"


def learn(session: Session, name: str, value: str) -> None:
    """Keep the newest value."""
    if known(session, name) == value:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.exec(
        insert(LearntFact)
        .values(name=name, value=value)
        .on_conflict_do_update(index_elements=["name"], set_={"value": value})
    )


def known(session: Session, name: str) -> str | None:
    """The value, or None while nobody has learnt it."""
    return session.exec(select(LearntFact.value).where(LearntFact.name == name)).first()


class Recollection:
    """A fact as this process last read it: at most a minute old, and a second while it is unknown."""

    def __init__(self, database: Database, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._name = name
        self._clock = clock
        self._read: tuple[float, str | None] | None = None

    def __call__(self) -> str | None:
        """The value, or None while it is unknown."""
        if self._read is None or self._clock() >= self._read[0]:
            with self._database.read() as session:
                value = known(session, self._name)
            self._read = self._clock() + (_UNKNOWN_FOR_S if value is None else _KNOWN_FOR_S), value
        return self._read[1]
