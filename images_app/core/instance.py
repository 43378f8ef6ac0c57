"""Which database and which object store belong together.

At the first start an id is made up, written into the database, and as a small object into the store. A server that
finds the one without the other does not start: a volume that was not mounted, or a wrong bucket, would otherwise look
like an empty server that takes uploads.
"""

import secrets

from sqlmodel import Session

from images_app.core import learnt
from images_app.database import Database, lock
from images_app.errors import ObjectMissing, SettingsError
from images_app.storage.base import ObjectStore

MARKER = "aeontel/instance"
"""Key of the object. Buckets of workspaces begin with `ws-`."""
_ID = "instance"
MARKED = "instance_marked"
"""The id, once the store has it: from then on a store without it is another one."""
_MOST_BYTES = 200


def known(database: Database) -> str | None:
    """The id in the database; None for one that no server has used yet."""
    with database.read() as session:
        return learnt.known(session, _ID)


def require_same(database: Database, objects: ObjectStore) -> None:
    """Be the first server, or find what the others left, in both. Raises SettingsError; StorageUnavailable or OSError.

    The id is in the database before it is in the store, and in the store before the database says so. So whenever a
    first start was killed, the next one goes on.
    """
    for _ in range(2):  # again when another server has made its first start meanwhile
        own, is_marked = _look(database)
        found = _marker(objects)
        if found is None and own is None:
            own, is_marked = _begin(database)
        if found is None and not is_marked and own is not None:
            _mark(database, objects, own)
            return
        if found == own and own is not None:
            if not is_marked:
                _mark(database, objects, own)
            return
    raise SettingsError(_refusal(own, found))


def adopt(database: Database, objects: ObjectStore) -> None:
    """From now on this database and this store belong together, whatever they belonged to before."""
    own, _ = _begin(database)
    _mark(database, objects, own)


def _refusal(own: str | None, found: str | None) -> str:
    way_on = "If this is intended: aeontel doctor --adopt-store"
    if found is None:
        return (
            "The object store is not the one of this database: it is empty or another one. Is its volume not mounted, "
            f"IMAGES_DATA_DIR or IMAGES_S3_BUCKET wrong? {way_on}"
        )
    if own is None:
        return (
            "The object store belongs to another database, and this one is new. Is the database's volume not mounted, "
            f"or IMAGES_DATABASE_URL wrong? {way_on}"
        )
    return (
        "The object store belongs to another database than this one. Is IMAGES_DATABASE_URL, IMAGES_DATA_DIR or "
        f"IMAGES_S3_BUCKET wrong? {way_on}"
    )


def _look(database: Database) -> tuple[str | None, bool]:
    with database.read() as session:
        return _read(session)


def _read(session: Session) -> tuple[str | None, bool]:
    own = learnt.known(session, _ID)
    return own, own is not None and learnt.known(session, MARKED) == own


def _begin(database: Database) -> tuple[str, bool]:
    with database.write() as session:
        lock(session, "instance")
        own, is_marked = _read(session)
        if own is None:
            own = secrets.token_hex(16)
            learnt.learn(session, _ID, own)
        return own, is_marked


def _mark(database: Database, objects: ObjectStore, own: str) -> None:
    writer = objects.create(MARKER, "text/plain")
    try:
        writer.write(own.encode())
        writer.commit()
    except BaseException:
        writer.abort()
        raise
    with database.write() as session:
        learnt.learn(session, MARKED, own)


def _marker(objects: ObjectStore) -> str | None:
    try:
        with objects.open(MARKER) as found:
            return found.read(_MOST_BYTES).decode(errors="replace")
    except ObjectMissing:
        return None
