"""`aeontel doctor` over ten thousand and a hundred thousand files, each with its object and its image: time and memory.

Files and images are rows that nobody uploaded, objects are empty files on the disk, and Cloudflare is the local one in
a process of its own. A hundred of them do not fit: they must be found. The memory is the command's own, at its peak; it
should be nearly the same for both sizes.
"""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

SIZES = (10_000, 100_000)
_WRONG = 100
_COMMAND = Path(sys.executable).with_name("aeontel")


def main() -> None:
    """Print the figures."""
    peaks = []
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, _cloudflare(Path(folder) / "cloudflare") as shown:
            environment = _environment(Path(folder) / "data", shown)
            with ProcessPoolExecutor(1) as apart:  # a process that is started begins with the peak of its parent
                apart.submit(_fill, Path(folder), environment, size).result()
            seconds, peak, said = _run(environment)
            found = Counter(finding["kind"] for finding in said["findings"])
            assert found == {"missing_bytes": _WRONG, "variants": 1}, found
            peaks.append(peak)
            rate = size / seconds
            print(
                f"doctor: {size:7,} files {seconds:7.1f} s, {rate:6,.0f} files/s, peak {peak / 1024:.0f} MiB",
                flush=True,
            )
    print(f"  memory grows by {(peaks[1] - peaks[0]) / 1024:.0f} MiB for ten times as much")


@contextmanager
def _cloudflare(folder: Path) -> Iterator[dict[str, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [_COMMAND, "cloudflare", "serve", "--data", str(folder), "--port", str(port), "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _environment(data_dir: Path, shown: dict[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IMAGES_")}
    return clean | {
        "IMAGES_DATA_DIR": str(data_dir),
        "IMAGES_CLOUDFLARE": "remote",
        "IMAGES_CLOUDFLARE_API_BASE": shown["apiBase"],
        "IMAGES_CLOUDFLARE_ACCOUNT_ID": shown["accountId"],
        "IMAGES_CLOUDFLARE_API_TOKEN": shown["apiToken"],
        "IMAGES_DELIVERY_BASE": shown["deliveryBase"],
        "IMAGES_PROVISION_RATE": "0",
    }


def _run(environment: dict[str, str]) -> tuple[float, int, Any]:
    """Seconds, KiB at the peak, and what it said."""
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen([_COMMAND, "doctor", "--json"], env=environment, stdout=output)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0  # it is waited for already
        seconds = time.perf_counter() - began
        output.seek(0)
        return seconds, usage.ru_maxrss, json.load(output)


def _fill(folder: Path, environment: dict[str, str], size: int) -> None:
    from sqlalchemy import insert

    from images_app import bootstrap, migrations
    from images_app.core import instance
    from images_app.models import File, Image, table
    from images_app.settings import load

    values = {name.removeprefix("IMAGES_").lower(): value for name, value in environment.items() if "IMAGES_" in name}
    settings = load(**values, _env_file=None)
    settings.make_data_dir()
    migrations.upgrade(settings.database_url)
    world = bootstrap.build(settings)
    workspace, user_id = _people(world)
    instance.require_same(world.database, world.objects)
    pairs = [_pair(workspace, user_id) for _ in range(size)]
    with world.database.write() as session:
        session.execute(insert(table(File)), [file.model_dump() for file, _ in pairs])
        session.execute(insert(table(Image)), [image.model_dump() for _, image in pairs])
    world.close()
    for file, _ in pairs[_WRONG:]:
        for part, text in (("data", ""), ("types", "image/jpeg")):
            place = settings.data_dir / "objects" / part / file.object_key
            place.parent.mkdir(parents=True)
            place.write_text(text)
    _fill_cloudflare(folder / "cloudflare" / "images.db", [image for _, image in pairs])


def _people(world: Any) -> tuple[Any, str]:
    from sqlmodel import select

    from images_app.core import users
    from images_app.models import Workspace

    email = world.settings.admin_email
    with world.database.write() as session:
        users.ensure_admin(session, email)
        return session.exec(select(Workspace)).one(), users.by_email(session, email).id


def _pair(workspace: Any, user_id: str) -> tuple[Any, Any]:
    from images_app import ids
    from images_app.models import File, Image, now

    file_id, at = ids.new("fil"), now() - timedelta(days=30)
    file = File(
        id=file_id,
        workspace_id=workspace.id,
        created_by=user_id,
        name="photo.jpg",
        mime="image/jpeg",
        size=0,
        sha256="0" * 64,
        object_key=f"{workspace.bucket}/{file_id}/photo.jpg",
        provisioning_state="done",
        run=1,
    )
    own_id = ids.image_of(file_id)
    return file, Image(
        id=own_id, file_id=file_id, workspace_id=workspace.id, cf_image_id=f"cf-{file_id}", created_at=at
    )


def _fill_cloudflare(path: Path, images: list[Any]) -> None:
    names = "id, meta, creator, blob, custom_id, filename, require_signed, uploaded_ms, sha256, size, format, width"
    with sqlite3.connect(path) as db:
        db.executemany(
            f"INSERT INTO image ({names}, height, frames, alpha)"  # noqa: S608 - our own names
            " VALUES (?, ?, ?, ?, 0, 'photo.jpg', 0, 0, '', 0, 'jpeg', 1, 1, 1, 0)",
            ((one.cf_image_id, json.dumps({"fileId": one.file_id}), one.workspace_id, one.file_id) for one in images),
        )
    db.close()


if __name__ == "__main__":
    main()
