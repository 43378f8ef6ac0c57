"""When to try again: exponential back-off with full jitter, never sooner than the service asked for."""

import random

BASE_S = 2.0
CAP_S = 15 * 60.0
LONGEST_RETRY_AFTER_S = 60 * 60.0
"""A service that asks for more is asked again after an hour all the same."""


def backoff(failures: int, *, base: float = BASE_S, cap: float = CAP_S) -> float:
    """Seconds to wait after so many failures in a row (from 1): uniform over zero to `base` doubled each time.

    Full jitter spreads those who failed together best (AWS Architecture Blog, "Exponential Backoff And Jitter").
    """
    doublings = min(max(failures, 1) - 1, 60)  # 2**60 is beyond every cap and still a float
    return random.uniform(0, min(cap, base * 2.0**doublings))  # noqa: S311 (spreads load, hides nothing)


def delay(failures: int, retry_after: float | None = None) -> float:
    """Seconds to the next try. `retry_after` is the service's own word; jitter comes on top of it, so that all those
    who were told the same moment do not come back in it."""
    wait = backoff(failures)
    if retry_after is None or not retry_after > 0:  # also NaN
        return wait
    return min(retry_after, LONGEST_RETRY_AFTER_S) + min(wait, BASE_S)
