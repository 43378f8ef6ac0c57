"""How much a workspace may hold. What is in the trash still takes room, so it counts."""

from dataclasses import dataclass

from sqlmodel import Session

from images_app.core import counters
from images_app.errors import QuotaExceeded
from images_app.models import Workspace


@dataclass(frozen=True)
class Quota:
    """The most that may be there; None: no limit."""

    bytes: int | None = None
    files: int | None = None

    @classmethod
    def of_numbers(cls, bytes: int, files: int) -> "Quota":
        """From settings and columns, where 0 stands for no limit."""
        return cls(bytes or None, files or None)


def of(workspace: Workspace, default: Quota) -> Quota:
    """What holds for a workspace: its own numbers, else the server's."""
    return Quota(
        default.bytes if workspace.quota_bytes is None else workspace.quota_bytes or None,
        default.files if workspace.quota_files is None else workspace.quota_files or None,
    )


def require_room(session: Session, workspace: Workspace, default: Quota, *, bytes: int = 0, files: int = 0) -> None:
    """Raise QuotaExceeded when so much more would be too much.

    After the counters were changed in this transaction, with nothing more: then nobody else can fill the same room.
    """
    quota = of(workspace, default)
    if quota.files is not None:
        _require("files", quota.files, counters.total(session, [workspace.id], "files", "trash") + files)
    if quota.bytes is not None:
        _require("bytes", quota.bytes, counters.total(session, [workspace.id], "bytes") + bytes)


def _require(resource: str, limit: int, actual: int) -> None:
    if actual > limit:
        raise QuotaExceeded(resource, limit, actual)
