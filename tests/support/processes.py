"""Process groups. A signal is sent before those whom it is meant for have taken it: a child that the kernel has not
buried yet may still hold a port and take a connection, and a thread that is to stop may still answer."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def wait_for_end(leader: int, within_s: float = 60) -> None:
    """Until no process of a group lives; the leader's own parent still has to wait for it. Raises RuntimeError."""
    _wait(lambda: [folder.name for folder, state in _group(leader) if state not in "ZX"], within_s)


def wait_for_stop(leader: int, within_s: float = 60) -> None:
    """Until every thread of a group stands still after SIGSTOP, be it in the middle of a call (D), from which it does
    not come back. Raises RuntimeError."""
    _wait(lambda: [folder.name for folder, _ in _group(leader) if set(_threads(folder)) - set("TtDZX")], within_s)


def _wait(left: Callable[[], list[str]], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while others := left():
        if time.monotonic() > deadline:
            raise RuntimeError(f"Processes {others} go on.")
        time.sleep(0.01)


def _group(leader: int) -> list[tuple[Path, str]]:
    """Of each process of a group its folder in /proc and its state (proc_pid_stat(5))."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        match _fields(folder / "stat"):
            case [state, _parent, group, *_] if int(group) == leader:
                found.append((folder, state))
    return found


def _threads(folder: Path) -> list[str]:
    """The states of a process's threads."""
    with suppress(FileNotFoundError):
        return [fields[0] for task in (folder / "task").iterdir() if (fields := _fields(task / "stat"))]
    return []


def _fields(stat: Path) -> list[str]:
    """What stands behind the name; nothing of who has ended meanwhile."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
