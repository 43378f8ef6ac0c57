"""Reading several sorted streams side by side, in memory for one key at a time."""

import heapq
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from images_app.errors import AeontelError


def side_by_side(*streams: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, tuple[list[Any], ...]]]:
    """Each key that any of the streams has, in ascending order, with what each of them has under it.

    The streams yield (key, value) in ascending order of keys; a key may come several times. Raises AeontelError for a
    stream that does not keep its order: what follows from it would be wrong.
    """
    merged = heapq.merge(
        *(_tagged(number, stream) for number, stream in enumerate(streams)), key=lambda item: item[0].encode()
    )
    for key, items in groupby(merged, key=lambda item: item[0]):
        found: tuple[list[Any], ...] = tuple([] for _ in streams)
        for _, number, value in items:
            found[number].append(value)
        yield key, found


def _tagged(number: int, stream: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, int, Any]]:
    last = b""
    for key, value in stream:
        here = key.encode()
        if here < last:
            raise AeontelError(f"A list is not in order: {key} came late.")
        last = here
        yield key, number, value
