"""Images: the gallery's items, and their removal. There is no way to make one but to upload its file."""

from typing import Annotated, Any, Literal, get_args

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from images_app.api.deps import ViewerDep, WorldDep
from images_app.api.lists import IdsDep, WindowDep, WorkspaceId, links, page_info
from images_app.api.schemas import PageInfo, Schema, Success, Timestamp, fails, rfc3339
from images_app.bootstrap import World
from images_app.cloudflare.base import VARIANTS
from images_app.core import images
from images_app.core.images import ImageRow
from images_app.errors import FieldError, InvalidParameter

router = APIRouter(prefix="/images", tags=["images"])

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


async def _include(
    include: Annotated[
        list[str] | None, Query(description="More about each image: `file`, `placeholder`, `variants`, with commas.")
    ] = None,
) -> frozenset[str]:
    wanted = frozenset(part.strip() for text in include or () for part in text.split(","))
    unknown = wanted - set(get_args(Include))
    if unknown:
        detail = f"There is nothing to include but {', '.join(get_args(Include))}."
        raise InvalidParameter(detail, (FieldError("include", detail),))
    return wanted


IncludeDep = Annotated[frozenset[str], Depends(_include)]


# The answers of the three reads are written from plain dicts: checking a hundred images against a schema that they
# meet by construction (a test holds them to it) would cost more than reading them.


@router.get("", response_model=ImageList, responses=fails(400, 401, 403, 404))
def list_images(
    request: Request,
    world: WorldDep,
    viewer: ViewerDep,
    window: WindowDep,
    ids: IdsDep,
    include: IncludeDep,
    workspace_id: WorkspaceId = None,
) -> Response:
    """List the images of a workspace, or of every workspace that you see. Only provisioned images are listed."""
    with world.database.read() as session:
        page = images.list_page(session, viewer, window, workspace_id=workspace_id, ids=ids)
    info = page_info(page).model_dump(by_alias=True)
    return _json({"data": [shown(world, row, include) for row in page.items], "pageInfo": info}, links(request, page))


@router.get("/by-file/{file_id}", response_model=ImageShown, responses=fails(400, 401, 403, 404))
def get_image_by_file(file_id: str, world: WorldDep, viewer: ViewerDep, include: IncludeDep) -> Response:
    """Get the image of a file."""
    with world.database.read() as session:
        return _json(shown(world, images.by_file(session, viewer, file_id), include))


@router.get("/{id}", response_model=ImageShown, responses=fails(400, 401, 403, 404))
def get_image(id: str, world: WorldDep, viewer: ViewerDep, include: IncludeDep) -> Response:
    """Get an image by its own id, or by its file's."""
    with world.database.read() as session:
        return _json(shown(world, images.get(session, viewer, id), include))


@router.delete("/{id}", responses=fails(401, 403, 404))
def delete_image(id: str, world: WorldDep, viewer: ViewerDep) -> Success:
    """By the image's id: remove it from the gallery, the file stays. By its file's id: the file goes to the trash."""
    with world.database.write() as session:
        images.remove(session, world.queue, viewer, id)
    return Success()


def shown(world: World, row: ImageRow, include: frozenset[str]) -> dict[str, Any]:
    """An image as JSON: nine fields, and what `include` asks for."""
    image, file = row.image, row.file

    def url(variant: str) -> str:
        return world.delivery.url(image.cf_image_id, variant, private=image.is_private)

    found = {
        "id": image.id,
        "fileId": image.file_id,
        "workspaceId": image.workspace_id,
        "cfImageId": image.cf_image_id,
        "width": image.width,
        "height": image.height,
        "size": image.size,
        "exif": image.exif,
        "url": url("public"),
    }
    if "file" in include:
        times = {"createdAt": rfc3339(file.created_at), "updatedAt": rfc3339(file.updated_at)}
        found["file"] = {"name": file.name, "mime": file.mime, **times}
    if "placeholder" in include:
        taken_at = None if image.taken_at is None else rfc3339(image.taken_at)
        found["placeholder"] = {"thumbhash": image.thumbhash, "takenAt": taken_at}
    if "variants" in include:
        found["variants"] = {name: url(name) for name in _VARIANTS}
    return found


def _json(body: Any, headers: Any = None) -> Response:
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")
