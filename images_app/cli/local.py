"""Commands on the server's machine work on its database directly, also while it runs and before it ever ran."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from images_app import keys, migrations
from images_app.core import users
from images_app.database import Database
from images_app.settings import settings


def require_shared_keys() -> None:
    """Raise SettingsError when the other servers on this database have other keys."""
    with local_database() as database:
        keys.require_shared(database, _keys())


def adopt_keys() -> None:
    """Make the keys of this machine those of all servers on its database."""
    with local_database() as database:
        keys.adopt(database, _keys())


def _keys() -> keys.Keys:
    return keys.load(settings().make_data_dir() / "keys", settings().secret_key)


@contextmanager
def local_database() -> Iterator[Database]:
    """The migrated database, with the first admin and their workspace in it."""
    own = settings()
    own.make_data_dir()
    migrations.upgrade(own.database_url)
    database = Database(own.database_url)
    try:
        with database.write() as session:
            users.ensure_admin(session, own.admin_email)
        yield database
    finally:
        database.close()


def first_start() -> list[str]:
    """Make the database ready and give the first admin a password; what to tell whoever started the server.

    Only here, never in the other commands, because a generated password is shown once and kept nowhere.
    """
    own = settings()
    with local_database() as database, database.write() as session:
        admin = users.without_password(session, own.admin_email)
        if admin is None:
            return []
        password = own.admin_password or secrets.token_urlsafe(12)
        users.set_password(session, admin, password)
    shown = [] if own.admin_password else [f"Password:       {password}   (shown this once)"]
    return [f"Sign in as:     {own.admin_email}", *shown]
