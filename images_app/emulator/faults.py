"""Fault switches: what the next calls, or some share of them, are to suffer. Off until somebody sets one.

Faults lie in the account's database, so that every process of the account obeys and counts the same ones. A call that
nobody wants to fail costs one look for a file that exists only while there are faults.
"""

import random
import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from typing import Any

from images_app.emulator.errors import ApiError
from images_app.emulator.store import Store

KINDS = {
    "rate-limit": "429 with Retry-After; nothing is done",
    "error": "a 5xx; nothing is done",
    "full": "403 with 5453, as when a limit of the plan is reached; nothing is done",
    "revoked": "403 with 9109, as when the token has been revoked; nothing is done",
    "hang": "no answer for so many seconds, then the connection breaks; nothing is done",
    "cut": "it is done, and the answer breaks off in the middle of its body",
    "lose": "it is done, and the connection breaks without an answer",
}
_MAX_FAULTS = 100


@dataclass(frozen=True)
class Fault:
    """One switch. The first that fits a call is the one it suffers."""

    kind: str
    operation: str = "*"
    times: int | None = None
    """How many calls are left; None: until it is cleared."""
    rate: float = 1.0
    """The share of fitting calls."""
    status: int = 500
    """Of `error`."""
    retry_after: int = 1
    """Of `rate-limit`, in seconds."""
    seconds: float = 0.0
    """Of `hang` and `lose`: how long the connection stays open; 0: an hour for `hang`, not at all for `lose`."""
    hits: int = 0
    """How often it struck."""


_COLUMNS = ", ".join(f.name for f in fields(Fault))


class Faults:
    """The switches of one account; blocking, for threads, but for `any`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._flag = store.path.with_name("faults")

    def prepare(self) -> None:
        """Put the flag where the database says, whatever a crash left."""
        with self._store.write() as db:
            self._show(db)

    def any(self) -> bool:
        """Whether there may be one."""
        return self._flag.exists()

    def all(self) -> list[dict[str, Any]]:
        """Every fault, also those that are used up, oldest first."""
        with self._store.read() as db:
            return [dict(row) for row in db.execute(f"SELECT {_COLUMNS} FROM fault ORDER BY position")]  # noqa: S608

    def replace(self, faults: Collection[Fault]) -> None:
        """These instead of those that were there."""
        with self._store.write() as db:
            db.execute("DELETE FROM fault")
            self._add(db, faults)

    def add(self, faults: Collection[Fault]) -> None:
        """More of them. Raises ApiError 5400 when there are too many."""
        with self._store.write() as db:
            self._add(db, faults)

    def _add(self, db: sqlite3.Connection, faults: Collection[Fault]) -> None:
        marks = ", ".join(f":{f.name}" for f in fields(Fault))
        db.executemany(f"INSERT INTO fault ({_COLUMNS}) VALUES ({marks})", [asdict(fault) for fault in faults])  # noqa: S608
        if db.execute("SELECT count(*) FROM fault").fetchone()[0] > _MAX_FAULTS:
            raise ApiError(5400, f"Bad request: at most {_MAX_FAULTS} faults")
        self._show(db)

    def _show(self, db: sqlite3.Connection) -> None:
        """Within the transaction, so that no other process comes between the rows and the flag."""
        if db.execute("SELECT 1 FROM fault LIMIT 1").fetchone():
            self._flag.touch()
        else:
            self._flag.unlink(missing_ok=True)

    def take(self, operation: str) -> Fault | None:
        """The fault that this call suffers, which is one less for the next."""
        with self._store.write() as db:
            for row in db.execute(f"SELECT position, {_COLUMNS} FROM fault ORDER BY position").fetchall():  # noqa: S608
                fault = Fault(**{f.name: row[f.name] for f in fields(Fault)})
                if fault.operation in ("*", operation) and fault.times != 0 and random.random() < fault.rate:  # noqa: S311
                    db.execute(
                        "UPDATE fault SET hits = hits + 1, times = times - 1 WHERE position = ?", (row["position"],)
                    )
                    return fault
        return None


def parse(value: Any, operations: Collection[str]) -> Fault:
    """One fault out of JSON. Raises ApiError 5400 that names what is wrong."""
    if not isinstance(value, dict):
        raise _bad("a fault must be an object")
    for name in value:
        if name not in _LIMITS and name not in ("kind", "operation"):
            raise _bad(f"unknown field {str(name)[:60]!r}")
    kind, operation = value.get("kind"), value.get("operation", "*")
    if kind not in KINDS:
        raise _bad(f"kind must be one of {', '.join(KINDS)}")
    if operation != "*" and operation not in operations:
        raise _bad(f"operation must be * or one of {', '.join(sorted(operations))}")
    return Fault(kind=kind, operation=operation, **{name: _number(value, name) for name in _LIMITS if name in value})


_LIMITS: dict[str, tuple[type[int] | type[float], float, float]] = {
    "times": (int, 1, 1_000_000),
    "rate": (float, 0, 1),
    "status": (int, 500, 599),
    "retry_after": (int, 0, 86_400),
    "seconds": (float, 0, 3600),
}


def _number(value: dict[str, Any], name: str) -> Any:
    kind, low, high = _LIMITS[name]
    given = value[name]
    if given is None and name == "times":
        return None
    if isinstance(given, (int, kind)) and not isinstance(given, bool) and low <= given <= high:
        return kind(given)
    raise _bad(f"{name} must be a number from {low:g} to {high:g}" + (" and whole" if kind is int else ""))


def _bad(message: str) -> ApiError:
    return ApiError(5400, f"Bad request: {message}")
