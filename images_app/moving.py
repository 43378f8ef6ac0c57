"""From SQLite to PostgreSQL, and objects from one store to another.

Tables are copied in one transaction, out of one snapshot, in batches. The durable engine's own tables are not: what is
pending is written in ours as well, and its sweeps begin it anew within half a minute of the first start.
"""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select, text
from sqlmodel import SQLModel

from images_app import migrations, models
from images_app.database import make_engine, told, url_of
from images_app.errors import Conflict, ObjectMissing, SettingsError
from images_app.storage.base import ObjectStore

_BATCH = 1000
_CHUNK = 1024 * 1024
_NOT_MOVED = {
    models.KeyFingerprint.__tablename__,  # the target's servers have their own keys
    models.Turn.__tablename__,  # of the next call to Cloudflare: by the clock of the database
}


def move(source: str, target: str) -> Mapping[str, int]:
    """Copy every row of a SQLite database into an empty PostgreSQL one; how many of each table.

    Raises SettingsError for databases of another kind, Conflict when the source is in use or the target is not empty,
    DatabaseUnavailable. Then nothing was moved.
    """
    path = _file_of(source)
    if url_of(target).get_backend_name() != "postgresql":
        raise SettingsError("IMAGES_DATABASE_URL must be the PostgreSQL database to move to")
    with _unused(path), told():
        migrations.upgrade(source)
        migrations.upgrade(target)
        old, new = make_engine(source), make_engine(target)
        try:
            # As a writer, so that nobody else writes meanwhile.
            writer = old.execution_options(aeontel_writes=True)
            with writer.connect() as reading, reading.begin(), new.begin() as writing:
                return _copy_all(reading, writing)
        finally:
            old.dispose()
            new.dispose()


def _copy_all(reading: Connection, writing: Connection) -> Mapping[str, int]:
    writing.execute(text("SET LOCAL lock_timeout = 0"))
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name not in _NOT_MOVED]
    for table in tables:
        writing.execute(text(f'LOCK TABLE "{table.name}" IN EXCLUSIVE MODE'))
    for table in tables:
        if writing.execute(select(table).limit(1)).first() is not None:
            raise Conflict(f"The database to move to is not empty: there is something in {table.name}.")
    moved = {table.name: _copy(reading, writing, table) for table in tables}
    for table in tables:
        n = writing.execute(select(func.count()).select_from(table)).scalar_one()
        if n != moved[table.name]:
            raise Conflict(f"Of {moved[table.name]} rows of {table.name} only {n} arrived: nothing was moved.")
        _set_sequence(reading, writing, table)
    return moved


def _copy(reading: Connection, writing: Connection, table: Table) -> int:
    everything = select(table).order_by(*table.primary_key)
    rows = reading.execute(everything, execution_options={"yield_per": _BATCH})
    count = 0
    for batch in rows.mappings().partitions():
        writing.execute(insert(table), [dict(row) for row in batch])
        count += len(batch)
    return count


def _set_sequence(reading: Connection, writing: Connection, table: Table) -> None:
    """Numbers go on after the last one that was ever given, also when its row has gone."""
    for column in table.primary_key:
        sequence = writing.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": f'"{table.name}"', "column": column.name}
        ).scalar()
        if sequence is None:
            continue
        last = reading.execute(select(func.max(column))).scalar() or 0
        if table.dialect_options["sqlite"]["autoincrement"]:
            given = reading.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
            last = max(last, given.scalar() or 0)
        if last:
            writing.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})


def _file_of(source: str) -> Path:
    try:
        url = url_of(source)
    except Exception:
        raise SettingsError("--from must be like sqlite:////path/to/aeontel.db") from None
    if url.get_backend_name() != "sqlite" or not Path(str(url.database)).is_file():
        raise SettingsError(f"There is no SQLite database {url.database}")
    return Path(str(url.database)).absolute()


@contextmanager
def _unused(path: Path) -> Iterator[None]:
    """Hold what a server holds that uses the data directory which the database is in."""
    with (path.parent / "server.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"A server uses {path}: stop it first.") from None
        yield


def copy_objects(source: ObjectStore, target: ObjectStore) -> tuple[int, int]:
    """Copy every object with its content type that the target does not have in that size; (how many, of how many).

    Again after an interruption, it goes on. Raises what the stores raise.
    """
    copied = count = 0
    for entry in source.list(""):
        count += 1
        if _size(target, entry.key) != entry.size:
            _copy_object(source, target, entry.key)
            copied += 1
    return copied, count


def _size(store: ObjectStore, key: str) -> int | None:
    try:
        return store.stat(key).size
    except ObjectMissing:
        return None


def _copy_object(source: ObjectStore, target: ObjectStore, key: str) -> None:
    writer = target.create(key, source.stat(key).content_type)
    try:
        with source.open(key) as original:
            while chunk := original.read(_CHUNK):
                writer.write(chunk)
        writer.commit()
    except BaseException:
        writer.abort()
        raise
