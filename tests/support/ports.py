"""Ports for servers of tests, of which no two test processes on a machine get the same."""

import socket
from functools import cache
from itertools import cycle
from random import SystemRandom

_FIRST, _BLOCK, _BLOCKS = 20_000, 300, 42
"""Below 32768, where Linux begins to give ports to whoever connects or binds without naming one: between the choice
of a port and the start of its server, nothing else can come to hold it."""


def free_port() -> int:
    """A port that nobody listens on now, and that this process gives out again only after some hundred others."""
    for port in _own():
        with socket.socket() as probe:
            # As servers do it: a port whose last connections are still fading away is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("unreachable: the ports never end")


@cache
def _own() -> "cycle[int]":
    """The ports of this process, for as long as it lives."""
    numbers = list(range(_BLOCKS))
    SystemRandom().shuffle(numbers)
    for number in numbers:
        if _reserve(f"\0aeontel-test-ports-{number}"):
            first = _FIRST + number * _BLOCK
            return cycle(range(first, first + _BLOCK))
    raise RuntimeError(f"More than {_BLOCKS} processes of tests run on this machine.")


def _reserve(name: str) -> bool:
    """Whether nobody else holds this name of Linux's abstract namespace; the kernel frees it when the holder ends."""
    holder = socket.socket(socket.AF_UNIX)
    try:
        holder.bind(name)
    except OSError:
        holder.close()
        return False
    holder.detach()  # stays open as long as the process
    return True
