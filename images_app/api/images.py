"""Images: the gallery's items, and their removal. There is no way to make one but to upload its file."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal, TypeVar, get_args

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from images_app.api.deps import ViewerDep, WorldDep
from images_app.api.lists import Ids, ListQuery, WorkspaceId, links, page_info, parts
from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import PageInfo, Schema, Success, Timestamp, fails, rfc3339
from images_app.bootstrap import World
from images_app.cloudflare.base import VARIANTS
from images_app.core import images
from images_app.core.images import Columns, ImageRow
from images_app.core.paging import Listing, Page
from images_app.errors import FieldError, InvalidParameter

router = APIRouter(prefix="/images", tags=["images"], route_class=ReadingRoute)

T = TypeVar("T")
Include = Literal["file", "placeholder", "variants"]
_VARIANTS = ("public", *(variant.name for variant in VARIANTS))


class ImageFile(Schema):
    """The file behind an image, as far as a gallery shows it."""

    name: str
    mime: str
    created_at: Timestamp
    updated_at: Timestamp


class Placeholder(Schema):
    """What to show before the picture has arrived."""

    thumbhash: str | None = Field(description="Base64, see https://evanw.github.io/thumbhash/.")
    taken_at: Timestamp | None = Field(description="When the picture was taken, by its camera's clock.")


class ImageShown(Schema):
    """An image. `file`, `placeholder` and `variants` are there only when `include` asks for them."""

    id: str = Field(description="The image's id; it has the suffix of its file's.")
    file_id: str
    workspace_id: str
    cf_image_id: str = Field(description="Id in Cloudflare Images.")
    width: int | None = Field(description="Pixels, as displayed.")
    height: int | None = Field(description="Pixels, as displayed.")
    size: int | None = Field(description="Bytes of the original.")
    exif: dict[str, Any] | None = Field(description="Flat EXIF tags of the original: text from a stranger.")
    url: str = Field(description="Where the variant `public` is delivered.")
    file: ImageFile | None = None
    placeholder: Placeholder | None = None
    variants: dict[str, str] | None = Field(default=None, description="Delivery URL of each named variant.")


class ImageList(Schema):
    """Newest upload first."""

    data: list[ImageShown]
    page_info: PageInfo


_IncludeText = Annotated[
    list[str] | None, Field(description="More about each image: `file`, `placeholder`, `variants`, with commas.")
]


class ImageQuery(BaseModel):
    """What of an image is asked for."""

    include: _IncludeText = None


class ImagesQuery(ListQuery):
    """Which images are asked for, and what of each."""

    ids: Ids = None
    include: _IncludeText = None
    workspace_id: WorkspaceId = None


# The answers of the three reads are written from plain dicts: checking a hundred images against a schema that they
# meet by construction (a test holds them to it) would cost more than reading them.


@router.get("", response_model=ImageList, responses=fails(400, 401, 403, 404))
@reading
def list_images(look: Look, query: Annotated[ImagesQuery, Query()]) -> Response:
    """List the images of a workspace, or of every workspace that you see. Only provisioned images are listed."""
    include = _included(query.include)
    page: Page[Any]
    if include:
        page = _page(look, query, images.NAMED)
        data = _with(look.world, page.items, include)
    else:
        page = _page(look, query, images.PLAIN)
        data = shown(look.world, page.items)
    return _json({"data": data, "pageInfo": page_info(page).model_dump(by_alias=True)}, links(look.request, page))


def _page(look: Look, query: ImagesQuery, listing: Listing[T]) -> Page[T]:
    workspace_id, among = query.workspace_id, parts(query.ids)
    return images.list_page(look.session, look.viewer, query.window, listing, workspace_id=workspace_id, ids=among)


@router.get("/by-file/{file_id}", response_model=ImageShown, responses=fails(400, 401, 403, 404))
@reading
def get_image_by_file(look: Look, file_id: str, query: Annotated[ImageQuery, Query()]) -> Response:
    """Get the image of a file."""
    include = _included(query.include)
    return _json(_with(look.world, [images.by_file(look.session, look.viewer, file_id)], include)[0])


@router.get("/{id}", response_model=ImageShown, responses=fails(400, 401, 403, 404))
@reading
def get_image(look: Look, id: str, query: Annotated[ImageQuery, Query()]) -> Response:
    """Get an image by its own id, or by its file's."""
    include = _included(query.include)
    return _json(_with(look.world, [images.get(look.session, look.viewer, id)], include)[0])


def _included(texts: list[str] | None) -> frozenset[str]:
    wanted = frozenset(parts(texts) or ())
    if wanted - set(get_args(Include)):
        detail = f"There is nothing to include but {', '.join(get_args(Include))}."
        raise InvalidParameter(detail, (FieldError("include", detail),))
    return wanted


@router.delete("/{id}", responses=fails(401, 403, 404))
def delete_image(id: str, world: WorldDep, viewer: ViewerDep) -> Success:
    """By the image's id: remove it from the gallery, the file stays. By its file's id: the file goes to the trash."""
    with world.database.write() as session:
        images.remove(session, world.queue, viewer, id)
    return Success()


def shown(world: World, rows: Sequence[Columns]) -> list[dict[str, Any]]:
    """Images as JSON: nine fields."""
    signed, public = partial(world.delivery.url, private=True), world.delivery.urls([row[3] for row in rows])
    return [
        {
            "id": id,
            "fileId": file_id,
            "workspaceId": workspace_id,
            "cfImageId": cf_image_id,
            "width": width,
            "height": height,
            "size": size,
            "exif": None if exif is None else orjson.Fragment(exif),
            "url": signed(cf_image_id) if is_private else url,
        }
        for (id, file_id, workspace_id, cf_image_id, width, height, size, exif, is_private), url in zip(
            rows, public, strict=True
        )
    ]


def _with(world: World, rows: Sequence[ImageRow], include: frozenset[str]) -> list[dict[str, Any]]:
    """Images as JSON, and what `include` asks for."""
    found = shown(world, [row.columns for row in rows])
    for row, image in zip(rows, found, strict=True):
        image |= _more(world, row, include)
    return found


def _more(world: World, row: ImageRow, include: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "variants" in include:
        url = partial(world.delivery.url, row.cf_image_id, private=row.is_private)
        found["variants"] = {name: url(name) for name in _VARIANTS}
    if "file" in include:
        times = {"createdAt": rfc3339(row.created_at), "updatedAt": rfc3339(row.updated_at)}
        found["file"] = {"name": row.name, "mime": row.mime, **times}
    if "placeholder" in include:
        taken_at = None if row.taken_at is None else rfc3339(row.taken_at)
        found["placeholder"] = {"thumbhash": row.thumbhash, "takenAt": taken_at}
    return found


def _json(body: Any, headers: Any = None) -> Response:
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")
