"""What the server answers, as frozen dataclasses with Python names.

Each keeps the JSON it was read from in `body`. A field that the server does not know yet is not needed here, and one
that only a newer server has is in `body`.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from images_app.client.errors import UnexpectedAnswer

R = TypeVar("R", bound="Result")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Result:
    """Something read from JSON."""

    body: Mapping[str, Any] = dataclasses.field(repr=False, compare=False)


def reader(kind: type[R]) -> Callable[[Any], R]:
    """What makes a `kind` of a JSON object. Raises UnexpectedAnswer for anything else."""

    fields = _fields(kind)

    def read(body: Any) -> R:
        if not isinstance(body, dict):
            raise UnexpectedAnswer(f"The answer is not {kind.__name__}.")
        values: dict[str, Any] = {"body": body}
        for name, key, convert, is_needed in fields:
            if key in body:
                value = body[key]
                values[name] = value if value is None or convert is None else convert(value)
            elif is_needed:
                raise UnexpectedAnswer(f"The answer has no {key}: is this an Aeontel Images server of this version?")
        return kind(**values)

    return read


def _fields(kind: type[Result]) -> tuple[tuple[str, str, Callable[[Any], Any] | None, bool], ...]:
    """Name, JSON key, what reads it, and whether it must be there."""
    return tuple(
        (field.name, _camel(field.name), field.metadata.get("read"), field.default is dataclasses.MISSING)
        for field in dataclasses.fields(kind)
        if field.name != "body"
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise UnexpectedAnswer("The answer has a time that is none.") from None


def _many(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    return lambda found: tuple(read(each) for each in found)


def _by(read: Callable[[Any], Any], **more: Any) -> Any:
    """A field that is not kept as JSON has it."""
    return dataclasses.field(metadata={"read": read}, **more)


@dataclass(frozen=True, kw_only=True)
class MyWorkspace(Result):
    """A workspace of the caller."""

    id: str
    name: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Me(Result):
    """Who the token belongs to and what it may do."""

    id: str
    email: str
    is_admin: bool
    via: str
    scopes: list[str]
    workspaces: tuple[MyWorkspace, ...] = _by(_many(reader(MyWorkspace)))


@dataclass(frozen=True, kw_only=True)
class ImageFile(Result):
    """The file behind an image (`include="file"`)."""

    name: str
    mime: str
    created_at: datetime = _by(_time)
    updated_at: datetime = _by(_time)


@dataclass(frozen=True, kw_only=True)
class Placeholder(Result):
    """What to show before the picture has arrived (`include="placeholder"`)."""

    thumbhash: str | None
    taken_at: datetime | None = _by(_time)


@dataclass(frozen=True, kw_only=True)
class Image(Result):
    """A picture in a gallery. `exif` and file names are text from strangers."""

    id: str
    file_id: str
    workspace_id: str
    cf_image_id: str
    width: int | None
    height: int | None
    size: int | None
    exif: dict[str, Any] | None
    url: str
    file: ImageFile | None = _by(reader(ImageFile), default=None)
    placeholder: Placeholder | None = _by(reader(Placeholder), default=None)
    variants: dict[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class FileFault(Result):
    """Why a file has no image."""

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, kw_only=True)
class Provisioning(Result):
    """How far a file's image is."""

    state: str
    attempt: int
    next_attempt_at: datetime | None = _by(_time)


@dataclass(frozen=True, kw_only=True)
class File(Result):
    """An uploaded file. `image_id` is None while it has no image."""

    id: str
    workspace_id: str
    image_id: str | None
    name: str
    mime: str
    size: int
    sha256: str
    status: str
    created_by: str
    error: FileFault | None = _by(reader(FileFault))
    provisioning: Provisioning = _by(reader(Provisioning))
    created_at: datetime = _by(_time)
    updated_at: datetime = _by(_time)


@dataclass(frozen=True, kw_only=True)
class Workspace(Result):
    """A workspace and what is in it; `bytes` counts the trash too."""

    id: str
    name: str
    role: str
    images: int
    files: int
    trash: int
    bytes: int
    created_at: datetime = _by(_time)


@dataclass(frozen=True, kw_only=True)
class Member(Result):
    """Somebody who belongs to a workspace."""

    user_id: str
    email: str
    role: str
    is_pending: bool
    created_at: datetime = _by(_time)


@dataclass(frozen=True, kw_only=True)
class Token(Result):
    """A bearer token; its secret is only in the answer that made it."""

    id: str
    name: str
    hint: str
    scopes: list[str]
    workspace_ids: list[str] | None
    secret: str | None = None
    created_at: datetime = _by(_time)
    expires_at: datetime | None = _by(_time)
    last_used_at: datetime | None = _by(_time)


@dataclass(frozen=True, kw_only=True)
class Event(Result):
    """Something that happened."""

    id: str
    seq: int
    type: str
    workspace_id: str | None
    file_id: str | None
    image_id: str | None
    actor_id: str | None
    data: dict[str, Any]
    created_at: datetime = _by(_time)


@dataclass(frozen=True, kw_only=True)
class Success(Result):
    """It is done."""

    success: bool


@dataclass(frozen=True, kw_only=True)
class PageInfo(Result):
    """Where a page lies in its list; `total` counts everything that matches."""

    total: int
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    info: PageInfo
    body: Mapping[str, Any] = dataclasses.field(repr=False, compare=False)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


_page_info = reader(PageInfo)


def page_reader(read: Callable[[Any], T]) -> Callable[[Any], Page[T]]:
    """What makes a page of a list's answer."""

    def read_page(body: Any) -> Page[T]:
        if not isinstance(body, dict) or not isinstance(body.get("data"), list):
            raise UnexpectedAnswer("The answer is not a list: is this an Aeontel Images server of this version?")
        return Page(items=tuple(read(each) for each in body["data"]), info=_page_info(body.get("pageInfo")), body=body)

    return read_page
