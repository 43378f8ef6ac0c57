"""Calls to Cloudflare one after the other at a steady pace, over all servers: its limit is the account's, not ours.

The time of the next call is a row, so whoever wants to call takes it and moves it on. Images that are made, looked up
and deleted stand in one line, in the order in which they ask; nothing is set aside for any of them.
"""

import time

from sqlalchemy import Float, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import case, col

from images_app.database import Database, told
from images_app.errors import CloudflareError, DatabaseUnavailable
from images_app.models import Turn

_CLOUDFLARE = "cloudflare"
_SQLITE_CLOCK = "(julianday('now') - 2440587.5) * 86400.0"
_POSTGRESQL_CLOCK = "CAST(extract(epoch FROM clock_timestamp()) AS float8)"
"""Read when the row is locked: `now()` would be the beginning of the transaction."""


class Pace:
    """At most `per_second` calls a second over all who share the database; they are evenly spaced, so a window of n
    seconds holds one more than n seconds' worth. The clock is the database's: those of the servers may differ."""

    def __init__(self, database: Database, per_second: float) -> None:
        self._database = database
        self._step = 1.0 / per_second

    def wait(self) -> None:
        """Return when it is this caller's turn. Raises CloudflareError, as for any call that could not be sent."""
        try:
            wait = self.take()
        except DatabaseUnavailable:
            raise CloudflareError("It was not to be known when to call Cloudflare.", retryable=True) from None
        time.sleep(max(0.0, wait))

    def take(self) -> float:
        """Take the next turn; seconds until it comes. Raises DatabaseUnavailable."""
        is_sqlite = self._database.engine.dialect.name == "sqlite"
        insert = sqlite.insert if is_sqlite else postgresql.insert
        present = literal_column(_SQLITE_CLOCK if is_sqlite else _POSTGRESQL_CLOCK, Float)
        query = insert(Turn).values(name=_CLOUDFLARE, next_at=present + self._step)
        later = case((col(Turn.next_at) > present, col(Turn.next_at)), else_=present)
        query = query.on_conflict_do_update(index_elements=["name"], set_={"next_at": later + self._step})
        with told(), self._database.engine.begin() as connection:
            next_at, at = connection.execute(query.returning(col(Turn.next_at), present)).one()
        return float(next_at - self._step - at)
