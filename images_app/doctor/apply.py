"""Setting findings right, one at a time: looked at again where it is, then one transaction of `core/repair.py`."""

from collections import Counter as Sums
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from images_app.bootstrap import World
from images_app.core import repair
from images_app.doctor.notes import Finding, Notes
from images_app.errors import CloudflareError, Conflict, ObjectMissing

MOST_SHARE = 0.1
"""Of all files, images or objects; more at once looks like a wrong account, bucket or database."""
_FEW = 20
"""So many may always be changed."""
_OF_IMAGES = ("gone", "moved", "unknown_image", "duplicate", "unwanted", "unclaimed")
_OF_OBJECTS = ("unknown_object", "missing_bytes", "wrong_size")


def require_few(notes: Notes) -> None:
    """Raise Conflict when so much does not fit that it must be somebody's decision."""
    seen = Sums[str](notes.get("seen", {}))
    open_ = Sums({kind: n for (kind, action), n in notes.counts().items() if action != "report"})
    for what, kinds, among in (
        ("images", _OF_IMAGES, max(notes.count_remotes(), seen["files"])),
        ("objects", _OF_OBJECTS, max(seen["objects"], seen["files"])),
    ):
        wrong = sum(open_[kind] for kind in kinds)
        if wrong > max(_FEW, MOST_SHARE * among):
            raise Conflict(
                f"{wrong} of {among} {what} do not fit. Is this the right account, bucket and database? "
                "Nothing was changed; with --yes it will be."
            )


def apply(world: World, notes: Notes, *, limit: int, grace: timedelta) -> Mapping[str, int]:
    """Set up to `limit` findings right; how many were `done`, and how many had `passed` by themselves.

    Raises what Cloudflare, the object store and the database raise: what was done is noted, and the next run goes on.
    """
    ended: Sums[str] = Sums()
    for number, finding, outcome in notes.findings():
        if finding.action == "report" or outcome is not None:
            continue
        if ended["done"] >= limit:
            break
        ending = "done" if _apply(world, finding, grace) else "passed"
        notes.settle(number, ending)
        ended[ending] += 1
    return ended


def _apply(world: World, finding: Finding, grace: timedelta) -> bool:
    return _ACTIONS[finding.kind](_Hands(world, finding, grace))


class _Hands:
    """What is needed to set one finding right."""

    def __init__(self, world: World, finding: Finding, grace: timedelta) -> None:
        self._world = world
        self._finding = finding
        self._grace = grace

    def claim(self) -> bool:
        return self._change(lambda session: repair.adopt(session, self._world.queue, self._finding.file_id))

    def move(self) -> bool:
        found, after = self._finding, str(self._finding.detail["after"])
        if not self._is_gone(found.subject) or self._is_gone(after):
            return False
        return self._follow(after, private=self._world.cloudflare.get(after).require_signed_urls)

    def correct(self) -> bool:
        try:
            private = self._world.cloudflare.get(self._finding.subject).require_signed_urls
        except CloudflareError as error:
            if error.upstream_code == 5404:
                return False
            raise
        return self._follow(self._finding.subject, private=private)

    def make(self) -> bool:
        gone = self._finding.subject if self._finding.kind == "gone" else None
        if gone is not None and not self._is_gone(gone):
            return False
        return self._change(lambda session: repair.make_again(session, self._world.queue, self._finding.file_id, gone))

    def delete_image(self) -> bool:
        found = self._finding
        try:
            image = self._world.cloudflare.get(found.subject)
        except CloudflareError as error:
            if error.upstream_code == 5404:
                return False
            raise
        if image.creator != found.workspace_id or image.meta.get("fileId") != found.file_id:
            return False
        return self._change(
            lambda session: repair.delete_image(
                session, self._world.queue, found.subject, file_id=found.file_id, workspace_id=found.workspace_id
            )
        )

    def delete_object(self) -> bool:
        found = self._finding
        try:
            there = self._world.objects.stat(found.subject)
        except ObjectMissing:
            return False
        if there.modified_at > datetime.now(UTC) - self._grace:
            return False
        return self._change(
            lambda session: repair.erase_object(session, self._world.queue, found.subject, file_id=found.file_id)
        )

    def tidy(self) -> bool:
        return self._change(lambda session: repair.tidy(session, self._world.queue, self._finding.file_id))

    def flag_missing(self) -> bool:
        if self._stored() is not None:
            return False
        message = "The file's bytes are not in the object store."
        return self._change(lambda session: repair.flag(session, self._finding.file_id, repair.MISSING, message))

    def flag_damaged(self) -> bool:
        if self._stored() in (None, self._finding.detail["size"]):
            return False
        message = "The bytes in the object store are not those that were uploaded."
        return self._change(lambda session: repair.flag(session, self._finding.file_id, repair.DAMAGED, message))

    def clear(self) -> bool:
        if self._stored() != self._finding.detail["size"]:
            return False
        return self._change(lambda session: repair.clear(session, self._world.queue, self._finding.file_id))

    def variants(self) -> bool:
        self._world.cloudflare.ensure_variants()
        return True

    def _stored(self) -> int | None:
        try:
            return self._world.objects.stat(str(self._finding.detail["key"])).size
        except ObjectMissing:
            return None

    def _is_gone(self, image_id: str) -> bool:
        try:
            self._world.cloudflare.get(image_id)
        except CloudflareError as error:
            # By Cloudflare's own code: another 404 means a wrong account, where everything would look gone.
            if error.upstream_code == 5404:
                return True
            raise
        return False

    def _follow(self, after: str, *, private: bool) -> bool:
        found = self._finding
        return self._change(
            lambda session: repair.replace(
                session,
                self._world.queue,
                found.file_id,
                found.subject,
                after,
                private=private,
                workspace_id=found.workspace_id,
            )
        )

    def _change(self, act: Callable[[Session], bool]) -> bool:
        with self._world.database.write() as session:
            return act(session)


_ACTIONS: Mapping[str, Callable[[_Hands], bool]] = {
    "unclaimed": _Hands.claim,
    "moved": _Hands.move,
    "privacy": _Hands.correct,
    "gone": _Hands.make,
    "no_image": _Hands.make,
    "unknown_image": _Hands.delete_image,
    "duplicate": _Hands.delete_image,
    "unwanted": _Hands.delete_image,
    "unknown_object": _Hands.delete_object,
    "old_derivative": _Hands.tidy,
    "missing_bytes": _Hands.flag_missing,
    "wrong_size": _Hands.flag_damaged,
    "bytes_back": _Hands.clear,
    "variants": _Hands.variants,
}
