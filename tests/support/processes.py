"""Process groups. Waiting for a parent is not enough after a kill: a child that the kernel has not buried yet may still
hold the port and take a connection."""

import time
from pathlib import Path


def wait_for_end(leader: int, within_s: float = 60) -> None:
    """Until no process of a group lives; the leader's own parent still has to wait for it. Raises RuntimeError."""
    deadline = time.monotonic() + within_s
    while left := _living(leader):
        if time.monotonic() > deadline:
            raise RuntimeError(f"Processes {left} of group {leader} are still there.")
        time.sleep(0.01)


def _living(leader: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # ended meanwhile
            continue
        if int(group) == leader and state not in "ZX":
            found.append(int(stat.parent.name))
    return found
