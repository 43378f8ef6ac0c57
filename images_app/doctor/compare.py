"""Database, object store and Cloudflare's list, read side by side, workspace by workspace in order of their files."""

import heapq
from collections import Counter as Sums
from collections.abc import Iterator
from typing import Any

from sqlmodel import Session, col, select

from images_app.core import repair
from images_app.database import Database
from images_app.doctor.judge import Judge, Known, Verdict
from images_app.doctor.merge import side_by_side
from images_app.doctor.notes import Finding, Notes
from images_app.doctor.objects import Shelves, place_of
from images_app.errors import ObjectMissing
from images_app.models import File, Image, RemoteDeletion, Workspace
from images_app.storage.base import ObjectEntry, ObjectStore

_PAGE = 500
_LAST = "0"
"""Comes right after the slash: `bucket0` lies behind everything in the bucket."""


class Comparison:
    """Goes on where the notes say that the last run stood."""

    def __init__(self, database: Database, objects: ObjectStore, notes: Notes, judge: Judge) -> None:
        self._database = database
        self._objects = objects
        self._notes = notes
        self._judge = judge
        self._pending: list[Finding] = []
        self._left = Sums[str](notes.get("left", {}))
        self._seen = Sums[str](notes.get("seen", {}))
        self._since = 0

    def run(self) -> None:
        """Compare everything. Raises StorageUnavailable, DatabaseUnavailable: what was found so far is kept."""
        if self._notes.get("compared", False):
            return
        workspace_id, file_id = self._notes.get("place", ("", ""))
        with self._database.read() as session:
            workspaces = [
                (w.id, w.bucket) for w in session.exec(select(Workspace).where(col(Workspace.id) >= workspace_id))
            ]
        workspaces.sort(key=lambda one: one[1].encode())
        shelves = Shelves(self._objects, self._after(workspace_id, file_id))
        for own_id, bucket in workspaces:
            for entry in shelves.before(bucket):
                self._outside(entry)
            self._workspace(own_id, bucket, shelves, file_id if own_id == workspace_id else "")
        for entry in shelves.before(None):
            self._outside(entry)
        foreign = self._notes.count_remotes() - self._seen["images"]
        self._left["foreign images"] += max(0, foreign)
        self._save(compared=True)

    def _after(self, workspace_id: str, file_id: str) -> str:
        if not workspace_id:
            return ""
        with self._database.read() as session:
            bucket = session.get_one(Workspace, workspace_id).bucket
        return f"{bucket}/{file_id}{_LAST}" if file_id else ""

    def _workspace(self, workspace_id: str, bucket: str, shelves: Shelves, after: str) -> None:
        originals = self._originals(workspace_id, shelves, bucket)
        streams = (self._files(workspace_id, after), originals, self._notes.remotes(workspace_id, after))
        for file_id, (known, objects, remotes) in side_by_side(*streams):
            self._seen["objects"] += len(objects)
            self._seen["images"] += len(remotes)
            if known:
                self._seen["files"] += 1
                if known[0].listed_private is not None and all(r.id != known[0].cf_image_id for r in remotes):
                    self._seen["images"] += 1
                verdict = self._judge.file(known[0], objects, remotes)
            else:
                verdict = self._judge.nobodys(workspace_id, file_id, objects, remotes)
            self._take(verdict, workspace_id, file_id)

    def _take(self, verdict: Verdict, workspace_id: str, file_id: str) -> None:
        self._left.update(verdict.left)
        self._pending += [finding for finding in verdict.findings if self._is_so(finding)]
        self._since += 1
        if self._since >= _PAGE:
            self._save(place=(workspace_id, file_id))

    def _save(self, **notes: Any) -> None:
        self._notes.save(self._pending, left=self._left, seen=self._seen, **notes)
        self._pending, self._since = [], 0

    def _is_so(self, finding: Finding) -> bool:
        """Look straight at what may have changed since the lists were read: they were not read in one moment."""
        if finding.kind == "missing_bytes":
            return not self._has_object(finding.detail["key"])
        if finding.action != "delete":
            return True
        with self._database.read() as session:
            if finding.kind == "unknown_object":
                return session.get(File, finding.file_id) is None
            if repair.is_doomed(session, finding.subject):
                self._left["images being deleted"] += 1
                return False
            home = session.get(File, finding.file_id)
            if home is not None and home.workspace_id != finding.workspace_id:
                self._left["foreign images"] += 1
                return False
        return True

    def _has_object(self, key: str) -> bool:
        try:
            self._objects.stat(key)
        except ObjectMissing:
            return False
        return True

    def _originals(self, workspace_id: str, shelves: Shelves, bucket: str) -> Iterator[tuple[str, ObjectEntry]]:
        """(file id, object) of a bucket; what else is in it is dealt with on the way."""
        for entry in shelves.of(bucket):
            place = place_of(entry.key)
            if place.kind == "original":
                yield place.file_id, entry
            else:
                self._outside(entry, workspace_id)

    def _outside(self, entry: ObjectEntry, workspace_id: str = "") -> None:
        """An object that is in no bucket that we know, or no original."""
        self._seen["objects"] += 1
        place = place_of(entry.key)
        if place.kind == "foreign":
            self._left["foreign objects"] += 1
            return
        verdict = self._judge.nobodys(workspace_id, place.file_id, [entry], [])
        self._left.update(verdict.left)
        for finding in verdict.findings:
            with self._database.read() as session:
                is_known = session.get(File, place.file_id) is not None
            if place.kind == "derivative" and is_known:
                self._pending.append(Finding("old_derivative", "tidy", entry.key, workspace_id, place.file_id))
            elif not is_known:
                self._pending.append(finding)
            else:
                self._left["foreign objects"] += 1

    def _files(self, workspace_id: str, after: str) -> Iterator[tuple[str, Known]]:
        """(file id, file) in order of ids, those in the trash among the others."""
        both = (self._some_files(workspace_id, is_trashed, after) for is_trashed in (False, True))
        return heapq.merge(*both, key=lambda item: item[0].encode())

    def _some_files(self, workspace_id: str, is_trashed: bool, after: str) -> Iterator[tuple[str, Known]]:
        while True:
            with self._database.read() as session:
                page = _page(session, self._notes, workspace_id, is_trashed, after)
            for known in page:
                yield known.id, known
            if len(page) < _PAGE:
                return
            after = page[-1].id


def _page(session: Session, notes: Notes, workspace_id: str, is_trashed: bool, after: str) -> list[Known]:
    rows = session.exec(
        select(
            File.id,
            File.workspace_id,
            File.object_key,
            File.size,
            File.provisioning_state,
            File.error_code,
            File.is_trashed,
            Image.cf_image_id,
            Image.is_private,
            Image.created_at,
        )  # type: ignore[call-overload]
        .join(Image, col(Image.file_id) == col(File.id), isouter=True)
        .where(File.workspace_id == workspace_id, col(File.is_trashed).is_(is_trashed), col(File.id) > after)
        .order_by(col(File.id))
        .limit(_PAGE)
    ).all()
    listed = notes.listed([row[7] for row in rows if row[7] is not None])
    doomed: dict[str, set[str]] = {}
    on_their_way = select(RemoteDeletion).where(col(RemoteDeletion.file_id).in_([row[0] for row in rows]))
    for one in session.exec(on_their_way):
        doomed.setdefault(one.file_id, set()).add(one.cf_image_id)
    return [
        Known(
            id=row[0],
            workspace_id=row[1],
            object_key=row[2],
            size=row[3],
            state=row[4],
            error_code=row[5],
            is_trashed=row[6],
            cf_image_id=row[7],
            is_private=bool(row[8]),
            image_created_at=row[9],
            listed_private=listed.get(row[7]),
            doomed=frozenset(doomed.get(row[0], ())),
        )
        for row in rows
    ]
