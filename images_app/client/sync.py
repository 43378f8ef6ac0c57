"""`Client`: the API as blocking calls."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Generic, ParamSpec, Self, TypeVar

import httpx

from images_app.client import calls, results
from images_app.client.address import base_of, elsewhere, options
from images_app.client.calls import Call, next_call
from images_app.client.multipart import Form, Progress
from images_app.client.results import Page
from images_app.client.retry import Attempts, raise_for, settle
from images_app.client.saving import Saving
from images_app.client.stream import EventReader

P = ParamSpec("P")
T = TypeVar("T")

_UPLOAD_TIMEOUT_S = 300.0
_STREAM_TIMEOUT_S = 45.0
"""Three heartbeats of the event stream."""


class _Part:
    """A part of the API, such as `client.images`."""

    def __init__(self, client: "Client") -> None:
        self._client = client


class _Sends(Generic[P, T]):
    """A method that sends the call that `make` makes of its arguments."""

    def __init__(self, make: Callable[P, Call[T]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, part: _Part, owner: type) -> Callable[P, T]:
        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return part._client.send(self._make(*args, **kwargs))

        method.__doc__ = self.__doc__
        return method


class _Pages(Generic[P, T]):
    """A method that yields the items of a list, and asks for page after page while it is read."""

    def __init__(self, make: Callable[P, Call[Page[T]]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, part: _Part, owner: type) -> Callable[P, Iterator[T]]:
        def method(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            for page in part._client.pages(self._make(*args, **kwargs)):
                yield from page

        method.__doc__ = self.__doc__
        return method


class Images(_Part):
    """`client.images`"""

    list = _Pages(calls.list_images)
    page = _Sends(calls.list_images)
    get = _Sends(calls.get_image)
    delete = _Sends(calls.delete_image)


class Files(_Part):
    """`client.files`"""

    list = _Pages(calls.list_files)
    page = _Sends(calls.list_files)
    get = _Sends(calls.get_file)
    delete = _Sends(calls.delete_file)
    restore = _Sends(calls.restore_file)
    retry = _Sends(calls.retry_file)
    events = _Pages(calls.file_events)

    def upload(
        self,
        source: Path | bytes,
        *,
        workspace_id: str,
        name: str | None = None,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
    ) -> results.File:
        """Send a file, block by block. Give a key of your own to be able to repeat it in another process."""
        form = Form(source, workspace_id=workspace_id, name=name, progress=progress)
        return self._client.send(calls.send_file(form, idempotency_key or secrets.token_hex(16)))

    def download(self, id: str, target: Path, *, progress: Progress | None = None) -> Path:
        """Save a file's bytes at `target`, which appears when they are whole and their SHA-256 is right."""
        file = self.get(id)
        attempts = self._client.attempts(is_safe=True)
        while True:
            saving = Saving(file, target, progress)
            try:
                return self._client.fetch(self._client.send(calls.file_address(id)), saving)
            except httpx.RequestError as error:
                time.sleep(attempts.after_failure(error))
            finally:
                saving.close()


class Workspaces(_Part):
    """`client.workspaces`"""

    list = _Pages(calls.list_workspaces)
    page = _Sends(calls.list_workspaces)
    get = _Sends(calls.get_workspace)
    create = _Sends(calls.create_workspace)
    members = _Pages(calls.list_members)
    members_page = _Sends(calls.list_members)


class Tokens(_Part):
    """`client.tokens`"""

    list = _Pages(calls.list_tokens)
    page = _Sends(calls.list_tokens)
    create = _Sends(calls.create_token)
    revoke = _Sends(calls.revoke_token)


class Events(_Part):
    """`client.events`"""

    list = _Pages(calls.list_events)
    page = _Sends(calls.list_events)

    def follow(
        self,
        *,
        workspace_id: str | None = None,
        types: Iterable[str] | None = None,
        file_id: str | None = None,
        audit: bool = False,
        after: str | None = None,
    ) -> Iterator[results.Event]:
        """What happens from now on (or after a `seq`), for ever: a broken connection is made again, without a gap."""
        wanted = None if types is None else tuple(types)
        call = calls.list_events(workspace_id=workspace_id, types=wanted, file_id=file_id, audit=audit)
        if after is None:
            last = self._client.send(calls.newest(call))
            after = str(last.items[-1].seq) if last.items else "0"
        return self._client.follow(call, EventReader(after))


class Client:
    """The REST API of one server with one token.

        with Client("http://localhost:3000", token) as client:
            for image in client.images.list(workspace_id=workspace_id):
                print(image.url)

    `retries` is how often what is safe is sent again; `timeout` in seconds holds for each step of a request, not for
    the whole. May be used by several threads. Every error is a `ClientError`.
    """

    def __init__(self, url: str, token: str | None = None, *, retries: int = 4, timeout: float = 30.0) -> None:
        self.url = base_of(url)
        self._retries = retries
        self._timeout = timeout
        self._http = httpx.Client(**options(self.url, token, timeout))
        self.images = Images(self)
        self.files = Files(self)
        self.workspaces = Workspaces(self)
        self.tokens = Tokens(self)
        self.events = Events(self)

    def me(self) -> results.Me:
        """Who the token belongs to, which workspaces it reaches and what it may do."""
        return self.send(calls.me())

    def sign_in(self, email: str, password: str) -> None:
        """Begin a session instead of a token: what makes tokens needs one."""
        self.send(calls.sign_in(email, password))

    def sign_out(self) -> None:
        """End the session."""
        self.send(calls.sign_out())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def attempts(self, *, is_safe: bool) -> Attempts:
        """The patience of this client, for one request."""
        return Attempts(is_safe=is_safe, most=self._retries)

    def send(self, call: Call[T]) -> T:
        """Send a call of `images_app.client.calls`, again where that is safe, and read its answer."""
        attempts = self.attempts(is_safe=call.is_safe)
        while True:
            try:
                answer = self._http.send(self._request(call))
            except httpx.RequestError as error:
                wait: float | None = attempts.after_failure(error)
            else:
                wait = attempts.after_answer(answer)
                if wait is None:
                    return settle(call, answer, attempts)
            time.sleep(wait or 0.0)

    def pages(self, call: Call[Page[T]]) -> Iterator[Page[T]]:
        """The page that a call asks for, and all that follow."""
        following: Call[Page[T]] | None = call
        while following is not None:
            page = self.send(following)
            yield page
            following = next_call(following, page)

    def fetch(self, url: str, saving: Saving) -> Path:
        """Save what a presigned URL gives, without our credential. Raises httpx.RequestError, UnexpectedAnswer."""
        with httpx.Client(**elsewhere(url, self._timeout)) as http, http.stream("GET", url) as answer:
            if answer.status_code != 200:
                answer.read()
                raise_for(answer)
            for block in answer.iter_raw():
                saving.write(block)
        return saving.finish()

    def follow(self, call: Call[Page[results.Event]], reader: EventReader) -> Iterator[results.Event]:
        """The events of a stream, over as many connections as it takes. The server ends one when rights are gone."""
        attempts = self.attempts(is_safe=True)
        while True:
            wait: float | None = 0.0
            try:
                request = self._http.build_request(
                    "GET", call.path, params=call.params, headers=reader.headers(), timeout=_STREAM_TIMEOUT_S
                )
                answer = self._http.send(request, stream=True)
                try:
                    if answer.status_code != 200:
                        answer.read()
                        wait = attempts.after_answer(answer)
                        if wait is None:
                            raise_for(answer)
                    else:
                        for chunk in answer.iter_raw():
                            attempts.went_well()
                            yield from reader.feed(chunk)
                finally:
                    answer.close()
            except httpx.RequestError as error:
                wait = attempts.after_failure(error)
            time.sleep(wait or 0.25)

    def _request(self, call: Call[T]) -> httpx.Request:
        return self._http.build_request(
            call.method,
            call.path,
            params=call.params,
            json=call.json,
            content=None if call.form is None else call.form.chunks(),
            headers=dict(call.headers),
            timeout=self._timeout if call.form is None else _UPLOAD_TIMEOUT_S,
        )
