"""What waits for commits needs to know of how it learns of them."""

from collections.abc import Callable
from typing import Protocol

Ring = Callable[[], None]
"""Called from any thread, and at times without a reason: whoever is woken looks for themselves. Must not wait."""


class Wakeups(Protocol):
    """Tells that something may have been committed."""

    def listen(self, ring: Ring) -> Callable[[], None]:
        """Call `ring` after each commit: of this process at once, of any other within a second; returns its removal."""

    def close(self) -> None:
        """Ring no more."""
