"""Reading a multipart form as it streams in: small text fields, and one file onto the disk."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from images_app.emulator.config import MAX_FILE_BYTES
from images_app.emulator.content import Incoming
from images_app.emulator.errors import ApiError
from images_app.emulator.services import Services

_MAX_FIELDS = 64
_MAX_FIELD_BYTES = 16 * 1024
_MAX_META_BYTES = 1024


@dataclass
class Form:
    """Text fields by name, and the file if there was one."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Incoming | None = None
    filename: str = ""
    content_type: str = ""


class _Parser:
    """Collects parts; bytes of the file wait in `pending` until they are taken."""

    def __init__(self, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.content_type = ""
        self.pending: list[bytes] = []
        self.finished = False
        self._name = b""
        self._is_file = False
        self._value = bytearray()
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_end": self._finish,
            },
        )

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise ApiError(5400, "Bad request: the multipart form is damaged") from None

    def _begin(self) -> None:
        self._headers = {}
        self._value = bytearray()

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"")
        self._is_file = b"filename" in options
        if not self._is_file:
            return
        if self._name != b"file" or self.filename is not None:
            raise ApiError(5400, "Bad request: the form must have one file, in the field 'file'")
        text = options[b"filename"].decode(errors="replace")
        self.filename = text.replace("\\", "/").rpartition("/")[2][:255]
        self.content_type = self._headers.get(b"content-type", b"").decode("latin-1")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self.pending.append(data[start:end])
        elif len(self._value) + end - start > _MAX_FIELD_BYTES:
            raise ApiError(5400, "Bad request: a form field is too long")
        else:
            self._value.extend(data[start:end])

    def _end(self) -> None:
        if self._is_file:
            return
        name = self._name.decode(errors="replace")
        if name in self.fields or len(self.fields) >= _MAX_FIELDS:
            raise ApiError(5400, f"Bad request: the field {name[:60]!r} is given twice or there are too many")
        try:
            self.fields[name] = self._value.decode()
        except UnicodeDecodeError:
            raise ApiError(5400, f"Bad request: the field {name[:60]!r} is not UTF-8") from None

    def _finish(self) -> None:
        self.finished = True


async def read(request: Request, services: Services) -> Form:
    """The form of a request; the caller owns its file. Raises ApiError 5400, 5413 or 5415."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise ApiError(5415, "Images must be uploaded as a form, not as raw image data")
    try:
        parser = _Parser(options[b"boundary"])
    except FormParserError:
        raise ApiError(5400, "Bad request: the boundary of the form is too long") from None
    form = Form()
    try:
        async for chunk in _body(request, services.config.upload_idle_seconds):
            parser.feed(chunk)
            if parser.filename is not None and form.file is None:
                form.file = await services.threads.run(services.content.incoming)
            if form.file is not None and parser.pending:
                await _append(form.file, b"".join(parser.pending), services)
                parser.pending.clear()
        if not parser.finished:
            raise ApiError(5450, "Error while receiving upload: the form ends too early")
    except BaseException:
        if form.file is not None:
            await services.threads.run(form.file.discard)
        raise
    form.fields, form.filename, form.content_type = parser.fields, parser.filename or "", parser.content_type
    return form


async def _body(request: Request, idle_seconds: float) -> AsyncIterator[bytes]:
    stream = request.stream()
    try:
        while True:
            async with asyncio.timeout(idle_seconds):
                chunk = await anext(stream, None)
            if chunk is None:
                return
            if chunk:
                yield chunk
    except TimeoutError:
        raise ApiError(5408, "The client is sending the upload too slowly") from None
    except ClientDisconnect:
        raise ApiError(5450, "Error while receiving upload: the client went away") from None


async def _append(incoming: Incoming, data: bytes, services: Services) -> None:
    if incoming.size + len(data) > MAX_FILE_BYTES:
        raise ApiError(5413, "Maximum image size of 10 MB is reached")
    await services.threads.run(incoming.write, data)


def metadata(fields: dict[str, str]) -> dict[str, Any]:
    """Takes `metadata` and its nested forms out of the fields.

    Cloudflare documents one JSON text; its own SDKs send `metadata.a.b` (Python) and `metadata[a][b]` (npm).
    """
    nested = [name for name in fields if name.startswith(("metadata.", "metadata["))]
    if "metadata" in fields:
        if nested:
            raise ApiError(5400, "Bad request: metadata is given in two forms", pointer="/metadata")
        return check_metadata(_parse_json(fields.pop("metadata")))
    result: dict[str, Any] = {}
    for name in nested:
        path = name.removeprefix("metadata").replace("]", "").replace("[", ".").split(".")[1:]
        place = result
        for step in path[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise ApiError(5400, "Bad request: metadata fields contradict each other", pointer="/metadata")
        place[path[-1]] = fields.pop(name)
    return check_metadata(result)


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError(5400, "Bad request: metadata is not JSON", pointer="/metadata") from None


def _no_constant(name: str) -> None:
    raise ValueError(name)


def check_metadata(value: Any) -> dict[str, Any]:
    """An object of at most 1,024 bytes as compact JSON; raises ApiError 5400."""
    if not isinstance(value, dict):
        raise ApiError(5400, "Bad request: metadata must be a JSON object", pointer="/metadata")
    try:
        # Strict: SQLite could not read NaN back, nor anybody a lone surrogate.
        size = len(json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError):
        raise ApiError(5400, "Bad request: metadata is not JSON", pointer="/metadata") from None
    if size > _MAX_META_BYTES:
        raise ApiError(5400, f"Bad request: metadata must not exceed {_MAX_META_BYTES} bytes", pointer="/metadata")
    return value
