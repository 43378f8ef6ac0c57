"""The child's side: one job after another over a socket, under limits that the kernel enforces.

Started as `python -m images_app.emulator.pixels.worker FD MEMORY CPU_SECONDS`. Messages are lines of JSON: `{}`
when ready, `{}` when a job has arrived, then its answer. The child ends when its parent's end of the socket closes.
"""

import ctypes
import json
import logging
import math
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def main() -> None:
    descriptor, memory, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides when we end
    _end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)  # libvips' warnings about odd files; errors come back as answers
    jobs = _jobs()
    with suppress(OSError), socket.socket(fileno=descriptor) as link, link.makefile("rwb") as stream:
        _say(stream, {})
        for line in stream:
            _say(stream, {})  # from here on a death is this job's
            _allow_cpu(seconds)
            _say(stream, _run(jobs, json.loads(line)))


def _end_with_parent() -> None:
    """Also in the middle of a job, when nobody reads the socket: the kernel ends us with the thread that started us,
    which lives as long as the parent's pool."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _say(stream: Any, message: dict[str, Any]) -> None:
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


def _jobs() -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """Loads libvips, under the limits that are already set."""
    import pyvips

    from images_app.emulator.pixels.inspection import inspect
    from images_app.emulator.pixels.render import render

    pyvips.cache_set_max(0)  # every job is another file: nothing to gain, and memory to lose
    return {"inspect": inspect, "render": render}


def _run(jobs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]], message: dict[str, Any]) -> dict[str, Any]:
    import pyvips

    try:
        return {"answer": jobs[message["do"]](message)}
    except MemoryError:
        return {"fault": "memory"}
    except (pyvips.Error, ValueError, SyntaxError) as error:
        text = f"{error} {getattr(error, 'detail', '')}"
        return {"fault": "memory" if "out of memory" in text.lower() else "pixels", "text": text[:300]}
    except OSError as error:
        return {"fault": "missing" if isinstance(error, FileNotFoundError) else "disk", "text": str(error)[:300]}


def _allow_cpu(seconds: float) -> None:
    """SIGXCPU ends the child when this job takes more processor time than that."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
