"""Every request of the API as a value: what to send and how to read the answer. Nothing here touches the network, so
the two senders share all of it, and their methods are made of these functions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from images_app.client import results
from images_app.client.errors import InvalidArgument
from images_app.client.multipart import Form
from images_app.client.results import Page, page_reader, reader

T = TypeVar("T")
Status = Literal["uploading", "ready", "error"]
Include = Literal["file", "placeholder", "variants"]


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request. It may be sent again after its answer was lost when that cannot do anything twice (`is_safe`)."""

    method: str
    path: str
    read: Callable[[Any], T]
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Form | None = None

    @property
    def is_safe(self) -> bool:
        return self.method in ("GET", "HEAD", "PUT", "DELETE") or "Idempotency-Key" in self.headers


def next_call(call: Call[Page[T]], page: Page[T]) -> Call[Page[T]] | None:
    """What asks for the page after this one; None at the end."""
    if not page.info.has_next_page or page.info.end_cursor is None:
        return None
    kept = {name: value for name, value in call.params.items() if name != "before"}
    return replace(call, params=kept | {"after": page.info.end_cursor})


_image, _file, _workspace = reader(results.Image), reader(results.File), reader(results.Workspace)
_member, _token, _event = reader(results.Member), reader(results.Token), reader(results.Event)
_success = reader(results.Success)


def me() -> Call[results.Me]:
    """Who the token belongs to, which workspaces it reaches and what it may do."""
    return Call("GET", "/api/me", reader(results.Me))


def limits() -> Call[dict[str, Any]]:
    """What the server takes. Needs no token."""
    return Call("GET", "/api/limits", dict)


# Images


def list_images(
    *,
    workspace_id: str | None = None,
    ids: Iterable[str] | None = None,
    include: Iterable[Include] | None = None,
    limit: int = 100,
    after: str | None = None,
    before: str | None = None,
) -> Call[Page[results.Image]]:
    """Provisioned images, newest upload first."""
    params = _params(workspace_id=workspace_id, ids=ids, include=include, limit=limit, after=after, before=before)
    return Call("GET", "/api/images", page_reader(_image), params)


def get_image(id: str, *, include: Iterable[Include] | None = None) -> Call[results.Image]:
    """An image by its own id, or by its file's."""
    return Call("GET", f"/api/images/{_segment(id)}", _image, _params(include=include))


def delete_image(id: str) -> Call[results.Success]:
    """By the image's id: remove it from the gallery, the file stays. By its file's id: the file goes to the trash."""
    return Call("DELETE", f"/api/images/{_segment(id)}", _success)


# Files


def list_files(
    *,
    workspace_id: str | None = None,
    ids: Iterable[str] | None = None,
    status: Status | None = None,
    trash: bool = False,
    limit: int = 100,
    after: str | None = None,
    before: str | None = None,
) -> Call[Page[results.File]]:
    """Files, newest upload first; with `trash` those in the trash instead."""
    which = _params(workspace_id=workspace_id, ids=ids, status=status, trash="1" if trash else None)
    window = _params(limit=limit, after=after, before=before)
    return Call("GET", "/api/files", page_reader(_file), which | window)


def get_file(id: str) -> Call[results.File]:
    """A file that is not in the trash."""
    return Call("GET", f"/api/files/{_segment(id)}", _file)


def send_file(form: Form, idempotency_key: str) -> Call[results.File]:
    """Upload. The same key with the same bytes within a day answers what the first one made."""
    headers = {"Idempotency-Key": idempotency_key, **form.headers}
    return Call("POST", "/api/files", _file, headers=headers, form=form)


def delete_file(id: str, *, for_good: bool = False) -> Call[results.Success]:
    """Put a file into the trash; with `for_good` delete one that is in the trash."""
    return Call("DELETE", f"/api/files/{_segment(id)}", _success, _params(trash="1" if for_good else None))


def restore_file(id: str) -> Call[results.File]:
    """Take a file out of the trash."""
    return Call("POST", f"/api/files/{_segment(id)}/restore", _file)


def retry_file(id: str) -> Call[results.File]:
    """Ask for the file's image again, after a failure or a removal."""
    return Call("POST", f"/api/files/{_segment(id)}/retry", _file)


def file_events(
    id: str, *, limit: int = 100, after: str | None = None, before: str | None = None
) -> Call[Page[results.Event]]:
    """What happened to a file, oldest first."""
    params = _params(limit=limit, after=after, before=before)
    return Call("GET", f"/api/files/{_segment(id)}/events", page_reader(_event), params)


def file_address(id: str) -> Call[str]:
    """Where the bytes are, for five minutes: the `Location` of the answer."""
    return Call("GET", f"/api/files/{_segment(id)}/content", str, {"download": "1"})


# Workspaces and tokens


def list_workspaces(
    *, limit: int = 100, after: str | None = None, before: str | None = None
) -> Call[Page[results.Workspace]]:
    """The workspaces that the caller may see, newest first."""
    return Call("GET", "/api/workspaces", page_reader(_workspace), _params(limit=limit, after=after, before=before))


def get_workspace(id: str) -> Call[results.Workspace]:
    """A workspace and what is in it."""
    return Call("GET", f"/api/workspaces/{_segment(id)}", _workspace)


def create_workspace(name: str, *, idempotency_key: str | None = None) -> Call[results.Workspace]:
    """Make a workspace; the caller is its owner. With a key it may be repeated."""
    return Call("POST", "/api/workspaces", _workspace, json={"name": name}, headers=_key(idempotency_key))


def list_members(
    workspace_id: str, *, limit: int = 100, after: str | None = None, before: str | None = None
) -> Call[Page[results.Member]]:
    """Who belongs to a workspace."""
    params = _params(limit=limit, after=after, before=before)
    return Call("GET", f"/api/workspaces/{_segment(workspace_id)}/members", page_reader(_member), params)


def list_tokens(*, limit: int = 100, after: str | None = None, before: str | None = None) -> Call[Page[results.Token]]:
    """The caller's tokens, without their secrets."""
    return Call("GET", "/api/tokens", page_reader(_token), _params(limit=limit, after=after, before=before))


def revoke_token(id: str) -> Call[results.Success]:
    """End a token at once."""
    return Call("DELETE", f"/api/tokens/{_segment(id)}", _success)


def create_token(
    name: str,
    *,
    scopes: Iterable[str] | None = None,
    workspace_ids: Iterable[str] | None = None,
    expires_at: datetime | None = None,
) -> Call[results.Token]:
    """Make a token. Not with a token: see `Client.sign_in`."""
    wanted: dict[str, Any] = {"name": name}
    if scopes is not None:
        wanted["scopes"] = list(scopes)
    if workspace_ids is not None:
        wanted["workspaceIds"] = list(workspace_ids)
    if expires_at is not None:
        wanted["expiresAt"] = expires_at.isoformat()
    return Call("POST", "/api/tokens", _token, json=wanted)


def sign_in(email: str, password: str) -> Call[dict[str, Any]]:
    """Begin a session: its cookie stays in the client, which then needs no token."""
    return Call("POST", "/api/session", dict, json={"email": email, "password": password})


def sign_out() -> Call[None]:
    """End the session."""
    return Call("DELETE", "/api/session", lambda _: None)


# Events


def list_events(
    *,
    workspace_id: str | None = None,
    types: Iterable[str] | None = None,
    file_id: str | None = None,
    audit: bool = False,
    limit: int = 100,
    after: str | None = None,
    before: str | None = None,
) -> Call[Page[results.Event]]:
    """The log, oldest first by `seq`; `audit` adds who changed members and workspaces."""
    which = _params(workspace_id=workspace_id, type=types, file_id=file_id, audit="1" if audit else None)
    return Call("GET", "/api/events", page_reader(_event), which | _params(limit=limit, after=after, before=before))


def newest(call: Call[Page[results.Event]]) -> Call[Page[results.Event]]:
    """What asks for the last of the events that a call asks for."""
    return replace(call, params={**call.params, "limit": "1", "before": str(2**63 - 1)})


def _params(**given: str | int | Iterable[str] | None) -> dict[str, str]:
    """Query parameters: None is left out, several things get commas between them."""
    found: dict[str, str] = {}
    for name, value in given.items():
        if value is not None:
            found[name] = str(value) if isinstance(value, str | int) else ",".join(value)
    return found


def _key(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Idempotency-Key": key}


def _segment(id: str) -> str:
    """An id within a path, whatever is in it."""
    if not id:
        raise InvalidArgument("An id is needed here, and this one is empty.")
    return quote(id, safe="").replace(".", "%2E")
