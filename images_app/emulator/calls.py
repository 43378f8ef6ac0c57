"""The last calls of this process, for people who look what a client did. Queries are left out: they hold signatures."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

_KEPT = 200
MAX_PATH = 300
"""Characters of it that are kept."""


@dataclass(frozen=True)
class Made:
    """One call that was answered; `at_ms` is Unix time in milliseconds, `path` as it was sent, its beginning."""

    at_ms: int
    method: str
    path: str
    operation: str
    status: int
    took_ms: float
    fault: str


class Calls:
    """The newest ones."""

    def __init__(self) -> None:
        self._made: deque[Made] = deque(maxlen=_KEPT)

    def add(self, made: Made) -> None:
        """Forgets the oldest."""
        self._made.append(made)

    def newest(self) -> Iterator[Made]:
        """Newest first."""
        return reversed(tuple(self._made))
