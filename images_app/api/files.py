"""Files: list, look, fetch, trash, restore, retry. They come in through `uploads`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from images_app.api.deps import ViewerDep, WorldDep
from images_app.api.events import EventList
from images_app.api.events import shown as event_shown
from images_app.api.lists import Ids, ListQuery, PageQuery, WorkspaceId, links, page_info, parts
from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import Input, PageInfo, Schema, Success, Timestamp, fails
from images_app.core import files
from images_app.core import trash as bin
from images_app.core.files import Filter, Status
from images_app.errors import FieldError, InvalidParameter
from images_app.ids import image_of
from images_app.models import File, now

router = APIRouter(prefix="/files", tags=["files"], route_class=ReadingRoute)

_CONTENT_URL_LIFETIME_S = 300
_PURGE_BATCH = 50
_RETRY_BATCH = 50


class FileError(Schema):
    """Why a file has no image."""

    code: str
    message: str
    retryable: bool = Field(description="Whether `retry` may succeed.")


class Provisioning(Schema):
    """How far the file's image is."""

    state: str = Field(description="`none`, `pending`, `running`, `waiting`, `done`, `failed` or `removed`.")
    attempt: int = Field(description="The present attempt, from 1; 0 when there is none.")
    next_attempt_at: Timestamp | None


class FileShown(Schema):
    """A file."""

    id: str
    workspace_id: str
    image_id: str | None = Field(description="Null while the file is not provisioned.")
    name: str
    mime: str = Field(description="What the bytes are.")
    size: int = Field(description="Bytes.")
    sha256: str
    status: Status
    error: FileError | None
    provisioning: Provisioning
    created_by: str = Field(description="Id of the user who uploaded it.")
    created_at: Timestamp
    updated_at: Timestamp


class FileList(Schema):
    """Newest upload first."""

    data: list[FileShown]
    page_info: PageInfo


class Emptied(Success):
    """The trash is empty."""

    deleted: int = Field(description="How many files there were.")


class WhoseFailed(Input):
    """Whose failed files are meant."""

    workspace_id: str


class Retried(Schema):
    """They are on their way again."""

    retried: int = Field(description="How many files.")


def shown(file: File) -> FileShown:
    """A file as the API shows it."""
    error = None
    if file.status == "error":
        error = FileError(code=file.error_code or "", message=file.error_message or "", retryable=file.error_retryable)
    next_attempt_at: datetime | None = file.next_attempt_at
    return FileShown(
        id=file.id,
        workspace_id=file.workspace_id,
        image_id=image_of(file.id) if file.provisioning_state == "done" and not file.is_trashed else None,
        name=file.name,
        mime=file.mime,
        size=file.size,
        sha256=file.sha256,
        status=file.status,
        error=error,
        provisioning=Provisioning(state=file.provisioning_state, attempt=file.attempt, next_attempt_at=next_attempt_at),
        created_by=file.created_by,
        created_at=file.created_at,
        updated_at=file.updated_at,
    )


class FilesQuery(ListQuery):
    """Which files are asked for."""

    ids: Ids = None
    workspace_id: WorkspaceId = None
    status: Status | None = Field(default=None, description="Only files in this state.")
    trash: bool = Field(default=False, description="What is in the trash, instead of what is not.")


@router.get("", responses=fails(400, 401, 403, 404))
@reading
def list_files(look: Look, query: Annotated[FilesQuery, Query()]) -> FileList:
    """List the files of a workspace, or of every workspace that you see."""
    which = Filter(query.workspace_id, query.status, query.trash, parts(query.ids))
    page = files.list_page(look.session, look.viewer, which, query.window)
    look.headers.update(links(look.request, page))
    return FileList(data=[shown(file) for file in page.items], page_info=page_info(page))


@router.get("/{id}", responses=fails(401, 403, 404))
@reading
def get_file(look: Look, id: str) -> FileShown:
    """Get a file. One that is in the trash is found only in `GET /api/files?trash=1`."""
    return shown(files.get(look.session, look.viewer, id))


class ContentQuery(BaseModel):
    """How the bytes are asked for."""

    download: bool = Field(default=False, description="As an attachment under the file's own name.")


@router.get(
    "/{id}/content",
    status_code=302,
    response_class=RedirectResponse,
    responses=fails(400, 401, 403, 404) | {302: {"description": "A URL of the bytes, valid for five minutes."}},
)
@reading
def get_file_content(
    look: Look,
    id: str,
    query: Annotated[ContentQuery, Query()],
) -> Response:
    """Get the bytes, by way of a presigned URL."""
    file = files.get(look.session, look.viewer, id)
    url = look.world.objects.presign_get(
        file.object_key,
        expires_in=_CONTENT_URL_LIFETIME_S,
        reach="public",
        download_name=file.name if query.download else None,
    )
    return Response(status_code=302, headers={"Location": url, "Cache-Control": "no-store"})


@router.get("/{id}/events", responses=fails(400, 401, 403, 404))
@reading
def list_file_events(look: Look, id: str, query: PageQuery) -> EventList:
    """List what happened to a file, oldest first."""
    page = files.history(look.session, look.viewer, id, query.window)
    look.headers.update(links(look.request, page))
    return EventList(data=[event_shown(event) for event in page.items], page_info=page_info(page))


@router.post("/{id}/retry", status_code=202, responses=fails(401, 403, 404, 409))
def retry_file(id: str, world: WorldDep, viewer: ViewerDep) -> FileShown:
    """Ask for the file's image again, after a failure or a removal."""
    with world.database.write() as session:
        file = files.retry(session, world.queue, viewer, id)
    return shown(file)


@router.post("/retry", status_code=202, responses=fails(400, 401, 403, 404))
def retry_failed_files(which: WhoseFailed, world: WorldDep, viewer: ViewerDep) -> Retried:
    """Ask again for the image of every file of a workspace that failed for a reason which may have passed. Files for
    which another try would fail as well are left as they are."""
    retried, before = 0, None
    while True:  # in short transactions: a thousand failures must hold up nobody
        with world.database.write() as session:
            batch = files.retry_failed(
                session, world.queue, viewer, which.workspace_id, before=before, limit=_RETRY_BATCH
            )
        retried += len(batch)
        if len(batch) < _RETRY_BATCH:
            return Retried(retried=retried)
        before = batch[-1]


@router.delete("/{id}", responses=fails(400, 401, 403, 404))
def delete_file(
    id: str,
    world: WorldDep,
    viewer: ViewerDep,
    trash: Annotated[bool, Query(description="Out of the trash, for good.")] = False,
) -> Success:
    """Put a file into the trash, from where it can be restored for a while; its image goes. Or, with `trash=1`, delete
    one that is in the trash for good."""
    with world.database.write() as session:
        (bin.delete if trash else files.trash)(session, world.queue, viewer, id)
    return Success()


@router.delete("", responses=fails(400, 401, 403, 404))
def empty_trash(
    world: WorldDep,
    viewer: ViewerDep,
    trash: Annotated[bool, Query(description="Must be true: only the trash can be emptied.")],
    workspace_id: Annotated[str, Query(description="Whose trash.")],
) -> Emptied:
    """Delete for good what is in the trash of a workspace."""
    if not trash:
        detail = "Only the trash can be emptied: send trash=1."
        raise InvalidParameter(detail, (FieldError("trash", detail),))
    before, deleted = now(), 0
    while True:  # in short transactions: a large trash must hold up nobody
        with world.database.write() as session:
            batch = bin.empty(session, world.queue, viewer, workspace_id, before, _PURGE_BATCH)
        deleted += batch
        if batch < _PURGE_BATCH:
            return Emptied(deleted=deleted)


@router.post("/{id}/restore", responses=fails(401, 403, 404, 409))
def restore_file(id: str, world: WorldDep, viewer: ViewerDep) -> FileShown:
    """Take a file out of the trash. An image is provisioned again by itself."""
    with world.database.write() as session:
        file = files.restore(session, world.queue, viewer, id)
    return shown(file)
