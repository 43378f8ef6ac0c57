"""What components are given: small frozen values that hold what is shown, never rows of a table.

Names are those of the REST API, because the same components also read that.
"""
# ruff: noqa: N815

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from images_app.bootstrap import World
from images_app.core.images import ImageRow
from images_app.models import Event, File


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def url_of(world: World, image: ImageRow, variant: str) -> str:
    return world.delivery.url(image.cf_image_id, variant, private=image.is_private)


@dataclass(frozen=True)
class Item:
    """A picture of the gallery."""

    id: str
    fileId: str
    name: str
    width: int | None
    height: int | None
    size: int | None
    url: str
    gridUrl: str
    fullUrl: str
    thumbhash: str | None
    createdAt: str | None
    takenAt: str | None

    @classmethod
    def of(cls, row: ImageRow, world: World) -> "Item":
        return cls(
            id=row.id,
            fileId=row.file_id,
            name=row.name,
            width=row.width,
            height=row.height,
            size=row.size,
            url=url_of(world, row, "public"),
            gridUrl=url_of(world, row, "grid"),
            fullUrl=url_of(world, row, "full"),
            thumbhash=row.thumbhash,
            createdAt=moment(row.created_at),
            takenAt=moment(row.taken_at),
        )


@dataclass(frozen=True)
class Fault:
    """Why a file did not become an image."""

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True)
class Row:
    """A file of the file lists and of its own page."""

    id: str
    name: str
    mime: str
    size: int
    sha256: str
    by: str
    """E-mail of who uploaded it."""
    state: str
    """Of provisioning."""
    attempt: int
    nextAttemptAt: str | None
    error: Fault | None
    createdAt: str | None
    trashedAt: str | None
    trashedBy: str
    """E-mail of who moved it to the trash; empty while it is not there."""
    deletedAt: str | None
    """When a file in the trash will be gone for good."""
    width: int | None
    height: int | None
    thumbUrl: str | None
    gridUrl: str | None

    @classmethod
    def of(
        cls,
        file: File,
        people: Mapping[str, str],
        image: ImageRow | None,
        world: World,
        *,
        deleted_at: datetime | None = None,
    ) -> "Row":
        """`people`: e-mails by user id."""
        fault = None
        if file.error_code is not None:
            fault = Fault(file.error_code, file.error_message or "", file.error_retryable)
        return cls(
            id=file.id,
            name=file.name,
            mime=file.mime,
            size=file.size,
            sha256=file.sha256,
            by=people.get(file.created_by, ""),
            state=file.provisioning_state,
            attempt=file.attempt,
            nextAttemptAt=moment(file.next_attempt_at),
            error=fault,
            createdAt=moment(file.created_at),
            trashedAt=moment(file.trashed_at),
            trashedBy=people.get(file.trashed_by or "", ""),
            deletedAt=moment(deleted_at),
            width=image.width if image else None,
            height=image.height if image else None,
            thumbUrl=url_of(world, image, "thumb") if image else None,
            gridUrl=url_of(world, image, "grid") if image else None,
        )


@dataclass(frozen=True)
class Happening:
    """An event of a file's history."""

    id: str
    type: str
    at: str | None
    by: str
    """E-mail of who caused it; empty for the pipeline itself."""
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event, by: str) -> "Happening":
        return cls(event.id, event.type, moment(event.created_at), by, event.data)


@dataclass(frozen=True)
class Deed:
    """An event of a workspace, for its owners."""

    id: str
    seq: int
    type: str
    at: str | None
    by: str
    """E-mail of who did it; empty for the pipeline itself."""
    fileId: str
    """To open it; empty when it is about no file, or the file is in the trash or gone."""
    name: str
    """Of the file; empty when nobody knows it any more."""
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event, by: str, file: File | None) -> "Deed":
        is_there = file is not None and not file.is_trashed
        name = file.name if file is not None else str(event.data.get("name", ""))
        opens = (event.file_id or "") if is_there else ""
        return cls(event.id, event.seq or 0, event.type, moment(event.created_at), by, opens, name, event.data)


@dataclass(frozen=True)
class ListPage:
    """The newest page of a list, and nothing of the others: the component puts them together.

    `cursor` is what was asked for ("" for the first page), `next` what to ask for after it (None at the end).
    A different `generation` is a different list.
    """

    of: str = ""
    """Names the list; `generation` is the same as a number."""
    cursor: str = ""
    items: Sequence[Any] = ()
    next: str | None = None
    total: int = 0
    error: str | None = None
    serial: int = 0
    """Counts answers: the same page twice would be no change to React, and nobody would learn that it came."""
    generation: int = field(init=False)

    def __post_init__(self) -> None:
        # Not a count of openings: the list is the same one after a reconnect and after a restart of the server.
        object.__setattr__(self, "generation", zlib.crc32(self.of.encode()))
