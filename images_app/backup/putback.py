"""Looking whether a snapshot is whole, and putting it in its place."""

import json
import shutil
from os import sync as sync_everything
from pathlib import Path

from images_app.backup.layout import (
    FORMAT,
    RESTORING,
    Manifest,
    Place,
    blobs,
    collect,
    copy,
    instance_of,
    is_intact,
    originals,
    write,
)
from images_app.core.instance import MARKER
from images_app.errors import Conflict

_MOST_SHOWN = 100


def verify(folder: Path, snapshot: Path, *, database_only: bool) -> list[str]:
    """What of a snapshot is not there or not as it was: by name, at most a hundred."""
    manifest = read_manifest(snapshot)
    wrong = [name for name, digest in manifest.files.items() if not is_intact(snapshot / name, digest)]
    if wrong or database_only:
        return wrong
    items = [(folder / "objects", originals(snapshot, types=False))] if manifest.objects >= 0 else []
    items += [(folder / "cloudflare", blobs(snapshot))] if manifest.images >= 0 else []
    absent: list[str] = []
    for root, needed in items:
        for item in needed:
            path = root / item.path
            if not is_intact(path, item.sha256):
                (wrong if path.exists() else absent).append(str(path.relative_to(folder)))
    # What was missing when it was made is no damage.
    return (wrong + absent if len(absent) > manifest.missing else wrong)[:_MOST_SHOWN]


def read_manifest(snapshot: Path) -> Manifest:
    """Raises Conflict for one that this version does not understand."""
    values = json.loads((snapshot / "manifest.json").read_text())
    if values.get("format") != FORMAT:
        raise Conflict(f"{snapshot} was made by another version.")
    return Manifest(**values)


def restore(folder: Path, snapshot: Path, place: Place, data_dir: Path, *, database_only: bool) -> int:
    """Put a snapshot in its place, which must be empty; how many originals and images were copied.

    The database comes last: before it is there, nothing can be taken for the restored data. Raises Conflict, OSError.
    """
    _require_empty(place, data_dir, database_only=database_only)
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    write(data_dir / RESTORING, snapshot.name)
    count = 0
    if not database_only:
        if (snapshot / "keys").is_dir():
            shutil.copytree(snapshot / "keys", place.keys, dirs_exist_ok=True)
        if place.objects is not None:
            count += collect(originals(snapshot, types=True), folder / "objects", place.objects)[1]
            _put_marker(place.objects, instance_of(snapshot))
        if place.cloudflare is not None and (snapshot / "cloudflare.db").exists():
            count += collect(blobs(snapshot), folder / "cloudflare", place.cloudflare)[1]
            copy(snapshot / "cloudflare.db", place.cloudflare / "images.db")
    sync_everything()
    copy(snapshot / "aeontel.db", place.database)
    (data_dir / RESTORING).unlink()
    return count


def _put_marker(objects: Path, instance: str | None) -> None:
    """Without it, a server would not know the store again."""
    for part, text in (("types", "text/plain"), ("data", instance)):
        if instance is not None and text is not None:
            path = objects / part / MARKER
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_text(text)


def _require_empty(place: Place, data_dir: Path, *, database_only: bool) -> None:
    taken = [*place.database.parent.glob(f"{place.database.name}*")]
    if not database_only:
        taken += [place.cloudflare / "images.db"] if place.cloudflare is not None else []
        taken += [place.objects / "data"] if place.objects is not None else []
        taken += [place.keys]
    if (data_dir / RESTORING).exists():
        taken = [path for path in taken if path == place.database]  # what an interrupted one left may stay
    for path in taken:
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise Conflict(f"{path} is there: nothing is overwritten. Move it away first.")
