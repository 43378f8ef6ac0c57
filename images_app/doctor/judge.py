"""What database, object store and Cloudflare say of one file, and what follows. Pure: no lookup, no clock."""

from collections import Counter as Sums
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from images_app.core import repair
from images_app.core.provisioning import IDLE, IN_PROGRESS
from images_app.doctor.notes import Finding, Remote
from images_app.storage.base import ObjectEntry

_SKEW = timedelta(minutes=5)
"""How far clocks may be apart, and how long an image may take into Cloudflare's list."""


@dataclass(frozen=True)
class Known:
    """A file and its image as the database has them."""

    id: str
    workspace_id: str
    object_key: str
    size: int
    state: str
    error_code: str | None
    is_trashed: bool
    cf_image_id: str | None = None
    is_private: bool = False
    image_created_at: datetime | None = None
    listed_private: bool | None = None
    """Whether the image that the row names is private at Cloudflare; None: it is not listed there."""
    doomed: frozenset[str] = frozenset()
    """Images whose deletion is on its way."""


@dataclass
class Verdict:
    """Findings, and how many things are left alone, by reason."""

    findings: list[Finding] = field(default_factory=list)
    left: Sums[str] = field(default_factory=Sums)


@dataclass(frozen=True)
class Judge:
    """`began`: when the run did; `grace`: what is younger may be under way; `asks_cloudflare`: whether it is compared
    at all."""

    began: datetime
    grace: timedelta
    asks_cloudflare: bool = True

    def nobodys(
        self, workspace_id: str, file_id: str, objects: Sequence[ObjectEntry], remotes: Sequence[Remote]
    ) -> Verdict:
        """Of a file that the database does not know."""
        verdict = Verdict()
        for entry in objects:
            if self._is_young(entry.modified_at):
                verdict.left["young objects"] += 1
            else:
                verdict.findings.append(Finding("unknown_object", "delete", entry.key, workspace_id, file_id))
        for remote in remotes:
            self._delete(verdict, "unknown_image", remote, workspace_id, file_id)
        return verdict

    def file(self, known: Known, objects: Sequence[ObjectEntry], remotes: Sequence[Remote]) -> Verdict:
        """Of a file that the database knows."""
        verdict = Verdict()
        own = next((entry for entry in objects if entry.key == known.object_key), None)
        verdict.left["foreign objects"] += len(objects) - (own is not None)
        if known.state in IN_PROGRESS and not known.is_trashed:
            verdict.left["files in progress"] += 1
            return verdict
        self._bytes(verdict, known, own)
        if self.asks_cloudflare:
            doomed = [remote for remote in remotes if remote.id in known.doomed]
            verdict.left["images being deleted"] += len(doomed)
            self._image(verdict, known, [remote for remote in remotes if remote not in doomed])
        return verdict

    def _bytes(self, verdict: Verdict, known: Known, own: ObjectEntry | None) -> None:
        if known.is_trashed:
            verdict.left["trashed files without bytes"] += own is None
            return
        if own is None or own.size != known.size:
            kind, code = ("missing_bytes", repair.MISSING) if own is None else ("wrong_size", repair.DAMAGED)
            is_told = known.state not in IDLE or known.error_code == code
            # Where the image is gone as well, asking for it again tells the file's owner.
            detail = {"key": known.object_key, "size": known.size, "stored": None if own is None else own.size}
            action = "report" if is_told else "flag"
            verdict.findings.append(Finding(kind, action, known.id, known.workspace_id, known.id, detail))
            return
        was_flagged = known.error_code == repair.MISSING or (
            known.error_code == repair.DAMAGED and known.state == "none"
        )
        if was_flagged and known.state in IDLE:
            detail = {"key": known.object_key, "size": known.size}
            verdict.findings.append(Finding("bytes_back", "clear", known.id, known.workspace_id, known.id, detail))

    def _image(self, verdict: Verdict, known: Known, remotes: Sequence[Remote]) -> None:
        rest = list(remotes)
        if known.cf_image_id is not None:
            rest = [remote for remote in remotes if remote.id != known.cf_image_id]
            if known.listed_private is None:
                rest = self._gone(verdict, known, rest)
            elif known.listed_private != known.is_private:
                self._find(verdict, "privacy", "correct", known.cf_image_id, known)
        elif not known.is_trashed and known.state in repair.ADOPTABLE:
            if rest:
                self._find(verdict, "unclaimed", "adopt", rest[0].id, known)
                return  # the attempt keeps one and has the others deleted
            if known.state == "done":
                self._find(verdict, "no_image", "provision", known.id, known)
        kind = "duplicate" if known.cf_image_id is not None else "unwanted"
        for remote in rest:
            self._delete(verdict, kind, remote, known.workspace_id, known.id)

    def _gone(self, verdict: Verdict, known: Known, others: list[Remote]) -> list[Remote]:
        assert known.cf_image_id is not None
        if known.image_created_at is None or known.image_created_at > self.began - min(_SKEW, self.grace):
            verdict.left["young images"] += 1
            return []
        if not others:
            self._find(verdict, "gone", "provision", known.cf_image_id, known)
            return []
        self._find(verdict, "moved", "adopt", known.cf_image_id, known, after=others[0].id)
        return others[1:]

    def _find(self, verdict: Verdict, kind: str, action: str, subject: str, known: Known, **detail: object) -> None:
        verdict.findings.append(Finding(kind, action, subject, known.workspace_id, known.id, detail))

    def _delete(self, verdict: Verdict, kind: str, remote: Remote, workspace_id: str, file_id: str) -> None:
        if self._is_young(_time(remote.uploaded)):
            verdict.left["young images"] += 1
        else:
            verdict.findings.append(Finding(kind, "delete", remote.id, workspace_id, file_id))

    def _is_young(self, at: datetime | None) -> bool:
        """Also what does not say how old it is."""
        return at is None or at > self.began - self.grace


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
