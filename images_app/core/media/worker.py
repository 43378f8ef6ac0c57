"""The decoder's child process: one job a line in, one answer a line out, JSON both ways.

Run by `pool` as ``python -m images_app.core.media.worker MEMORY SECONDS``. It limits itself (memory, processor time
per job, size of what it writes) before it loads any codec, blocks every libvips loader that is not needed, and ends
when its standard input does: a parent that was killed leaves no child behind, even in the middle of a job.
"""

import json
import os
import resource
import sys
import threading
import traceback
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

import pyvips

from images_app.core.media import inspection
from images_app.core.media.base import Prepared
from images_app.errors import MediaError, MediaUnavailable

_LOADERS = ("Jpeg", "Png", "Webp", "Nsgif", "Tiff", "Heif", "SvgBuffer")
_WRITABLE = 64 * 1024**2
"""Bytes of one file; a derivative stays below 10 MB."""


def main() -> None:
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_WRITABLE, _WRITABLE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _restrict_libvips()
    answers = _own_stdout()
    jobs: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(jobs,), daemon=True).start()
    while True:
        job = json.loads(jobs.get())
        _allow_seconds(seconds)
        answers.write(json.dumps(_answer(Path(job["source"]), Path(job["folder"]))).encode() + b"\n")


def _read(jobs: SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        jobs.put(line)
    os._exit(0)


def _answer(source: Path, folder: Path) -> dict[str, Any]:
    try:
        return {"prepared": _plain(inspection.prepare(source, folder))}
    except (MediaError, MediaUnavailable) as error:
        return {"error": error.code, "detail": error.detail}
    except MemoryError:
        return {"error": MediaUnavailable.code, "detail": "The decoder has too little memory for this picture."}
    except OSError as error:
        return {"error": MediaUnavailable.code, "detail": f"The decoder cannot use its files: {error.strerror}."}
    except Exception as error:  # a fault of ours: worth a line in the log and another try after it is mended
        traceback.print_exc()
        return {"error": MediaUnavailable.code, "detail": f"The decoder failed ({type(error).__name__})."}


def _plain(prepared: Prepared) -> dict[str, Any]:
    info = prepared.info
    return {
        "mime": info.mime,
        "width": info.width,
        "height": info.height,
        "exif": info.exif,
        "taken_at": info.taken_at.isoformat() if info.taken_at else None,
        "thumbhash": info.thumbhash,
        "derivative": prepared.derivative_mime,
    }


def _allow_seconds(seconds: int) -> None:
    """Let the next job use so much processor time; after that the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _restrict_libvips() -> None:
    """One thread, no cache (files never repeat), and only the loaders that `raster` and `svg` call."""
    pyvips.concurrency_set(1)
    pyvips.cache_set_max(0)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for loader in _LOADERS:
        pyvips.operation_block_set(f"VipsForeignLoad{loader}", False)


def _own_stdout() -> BinaryIO:
    """The answers' pipe for ourselves alone; what a library prints goes to the log instead."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
