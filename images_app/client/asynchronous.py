"""`AsyncClient`: the API for asyncio. What it sends and how it reads the answers is the blocking one's."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Generic, ParamSpec, Self, TypeVar

import anyio
import anyio.to_thread
import httpx

from images_app.client import calls, results
from images_app.client.address import USER_AGENT, base_of, elsewhere, options
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

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client


class _Sends(Generic[P, T]):
    """A method that sends the call that `make` makes of its arguments."""

    def __init__(self, make: Callable[P, Call[T]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, part: _Part, owner: type) -> Callable[P, Awaitable[T]]:
        def method(*args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
            return part._client.send(self._make(*args, **kwargs))

        method.__doc__ = self.__doc__
        return method


class _Pages(Generic[P, T]):
    """A method that yields the items of a list, and asks for page after page while it is read."""

    def __init__(self, make: Callable[P, Call[Page[T]]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, part: _Part, owner: type) -> Callable[P, AsyncIterator[T]]:
        async def method(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
            async for page in part._client.pages(self._make(*args, **kwargs)):
                for item in page:
                    yield item

        method.__doc__ = self.__doc__
        return method


class AsyncImages(_Part):
    """`client.images`"""

    list = _Pages(calls.list_images)
    page = _Sends(calls.list_images)
    get = _Sends(calls.get_image)
    delete = _Sends(calls.delete_image)


class AsyncFiles(_Part):
    """`client.files`"""

    list = _Pages(calls.list_files)
    page = _Sends(calls.list_files)
    get = _Sends(calls.get_file)
    delete = _Sends(calls.delete_file)
    restore = _Sends(calls.restore_file)
    retry = _Sends(calls.retry_file)
    events = _Pages(calls.file_events)

    async def upload(
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
        return await self._client.send(calls.send_file(form, idempotency_key or secrets.token_hex(16)))

    async def download(self, id: str, target: Path, *, progress: Progress | None = None) -> Path:
        """Save a file's bytes at `target`, which appears when they are whole and their SHA-256 is right."""
        file = await self.get(id)
        attempts = self._client.attempts(is_safe=True)
        while True:
            saving = Saving(file, target, progress)
            try:
                return await self._client.fetch(await self._client.send(calls.file_address(id)), saving)
            except httpx.RequestError as error:
                await anyio.sleep(attempts.after_failure(error))
            finally:
                saving.close()


class AsyncWorkspaces(_Part):
    """`client.workspaces`"""

    list = _Pages(calls.list_workspaces)
    page = _Sends(calls.list_workspaces)
    get = _Sends(calls.get_workspace)
    create = _Sends(calls.create_workspace)
    members = _Pages(calls.list_members)
    members_page = _Sends(calls.list_members)


class AsyncTokens(_Part):
    """`client.tokens`"""

    list = _Pages(calls.list_tokens)
    page = _Sends(calls.list_tokens)
    create = _Sends(calls.create_token)
    revoke = _Sends(calls.revoke_token)


class AsyncEvents(_Part):
    """`client.events`"""

    list = _Pages(calls.list_events)
    page = _Sends(calls.list_events)

    async def follow(
        self,
        *,
        workspace_id: str | None = None,
        types: Iterable[str] | None = None,
        file_id: str | None = None,
        audit: bool = False,
        after: str | None = None,
    ) -> AsyncIterator[results.Event]:
        """What happens from now on (or after a `seq`), for ever: a broken connection is made again, without a gap."""
        wanted = None if types is None else tuple(types)
        call = calls.list_events(workspace_id=workspace_id, types=wanted, file_id=file_id, audit=audit)
        if after is None:
            last = await self._client.send(calls.newest(call))
            after = str(last.items[-1].seq) if last.items else "0"
        async for event in self._client.follow(call, EventReader(after)):
            yield event


class AsyncClient:
    """The REST API of one server with one token.

        async with AsyncClient("http://localhost:3000", token) as client:
            async for image in client.images.list(workspace_id=workspace_id):
                print(image.url)

    `retries` is how often what is safe is sent again; `timeout` in seconds holds for each step of a request, not for
    the whole. `transport` is how the server is reached when not through the network: within its own process. Every
    error is a `ClientError`.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        retries: int = 4,
        timeout: float = 30.0,
        user_agent: str = USER_AGENT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = base_of(url)
        self._retries = retries
        self._timeout = timeout
        self._http = httpx.AsyncClient(**options(self.url, token, timeout, user_agent), transport=transport)
        self.images = AsyncImages(self)
        self.files = AsyncFiles(self)
        self.workspaces = AsyncWorkspaces(self)
        self.tokens = AsyncTokens(self)
        self.events = AsyncEvents(self)

    async def me(self) -> results.Me:
        """Who the token belongs to, which workspaces it reaches and what it may do."""
        return await self.send(calls.me())

    async def sign_in(self, email: str, password: str) -> None:
        """Begin a session instead of a token: what makes tokens needs one."""
        await self.send(calls.sign_in(email, password))

    async def sign_out(self) -> None:
        """End the session."""
        await self.send(calls.sign_out())

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def attempts(self, *, is_safe: bool) -> Attempts:
        """The patience of this client, for one request."""
        return Attempts(is_safe=is_safe, most=self._retries)

    async def send(self, call: Call[T]) -> T:
        """Send a call of `images_app.client.calls`, again where that is safe, and read its answer."""
        attempts = self.attempts(is_safe=call.is_safe)
        while True:
            try:
                answer = await self._http.send(self._request(call))
            except httpx.RequestError as error:
                wait: float | None = attempts.after_failure(error)
            else:
                wait = attempts.after_answer(answer)
                if wait is None:
                    return settle(call, answer, attempts)
            await anyio.sleep(wait or 0.0)

    async def pages(self, call: Call[Page[T]]) -> AsyncIterator[Page[T]]:
        """The page that a call asks for, and all that follow."""
        following: Call[Page[T]] | None = call
        while following is not None:
            page = await self.send(following)
            yield page
            following = next_call(following, page)

    async def fetch(self, url: str, saving: Saving) -> Path:
        """Save what a presigned URL gives, without our credential. Raises httpx.RequestError, UnexpectedAnswer."""
        async with httpx.AsyncClient(**elsewhere(url, self._timeout)) as http, http.stream("GET", url) as answer:
            if answer.status_code != 200:
                await answer.aread()
                raise_for(answer)
            async for block in answer.aiter_raw():
                await anyio.to_thread.run_sync(saving.write, block)
        return await anyio.to_thread.run_sync(saving.finish)

    async def follow(self, call: Call[Page[results.Event]], reader: EventReader) -> AsyncIterator[results.Event]:
        """The events of a stream, over as many connections as it takes. The server ends one when rights are gone."""
        attempts = self.attempts(is_safe=True)
        while True:
            wait: float | None = 0.0
            try:
                request = self._http.build_request(
                    "GET", call.path, params=call.params, headers=reader.headers(), timeout=_STREAM_TIMEOUT_S
                )
                answer = await self._http.send(request, stream=True)
                try:
                    if answer.status_code != 200:
                        await answer.aread()
                        wait = attempts.after_answer(answer)
                        if wait is None:
                            raise_for(answer)
                    else:
                        async for chunk in answer.aiter_raw():
                            attempts.went_well()
                            for event in reader.feed(chunk):
                                yield event
                finally:
                    await answer.aclose()
            except httpx.RequestError as error:
                wait = attempts.after_failure(error)
            await anyio.sleep(wait or 0.25)

    def _request(self, call: Call[T]) -> httpx.Request:
        return self._http.build_request(
            call.method,
            call.path,
            params=call.params,
            json=call.json,
            content=None if call.form is None else _threaded(call.form.chunks()),
            headers=dict(call.headers),
            timeout=self._timeout if call.form is None else _UPLOAD_TIMEOUT_S,
        )


async def _threaded(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Blocks that are read from the disk, without holding up the event loop."""
    while (chunk := await anyio.to_thread.run_sync(next, chunks, None)) is not None:
        yield chunk
