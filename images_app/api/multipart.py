"""A multipart/form-data body (RFC 7578) piece by piece: parts begin, bring bytes, end. Nothing is collected here."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from images_app.errors import InvalidParameter

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it warns of malformed bodies; their senders hear it
_MAX_HEADERS = 8
_MAX_HEADER_BYTES = 8 * 1024


@dataclass(frozen=True)
class PartBegin:
    """A part begins; `filename` is None when it has none, and as the client wrote it otherwise."""

    name: str
    filename: str | None
    content_type: str | None


@dataclass(frozen=True)
class PartBytes:
    """Some more bytes of the part that began last."""

    data: bytes


@dataclass(frozen=True)
class PartEnd:
    """The part that began last is complete."""


Event = PartBegin | PartBytes | PartEnd


@dataclass
class _Headers:
    """The headers of the part that begins, as they arrive."""

    found: dict[str, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytes = b""

    def end_header(self) -> None:
        self.found[self.name.decode("latin-1").lower()] = self.value
        self.name = self.value = b""


class Reader:
    """Turns chunks of a body into events. Raises InvalidParameter for what is not well-formed."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise InvalidParameter("Send multipart/form-data with a boundary.")
        self._events: list[Event] = []
        self._headers = _Headers()
        self._is_complete = False
        callbacks: dict[str, Callable[..., None]] = {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": lambda: self._headers.end_header(),
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": lambda data, start, end: self._events.append(PartBytes(data[start:end])),
            "on_part_end": lambda: self._events.append(PartEnd()),
            "on_end": self._on_end,
        }
        try:
            self._parser = MultipartParser(
                boundary,
                callbacks,  # type: ignore[arg-type]
                max_header_count=_MAX_HEADERS,
                max_header_size=_MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise InvalidParameter(f"This multipart body cannot be read: {error}") from None

    def feed(self, chunk: bytes) -> list[Event]:
        """What this chunk brings."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise InvalidParameter("This is not a well-formed multipart body.") from None
        events, self._events = self._events, []
        return events

    def finish(self) -> None:
        """The body has ended. Raises InvalidParameter when its last boundary never came."""
        if not self._is_complete:
            raise InvalidParameter("The multipart body ends before its last boundary.")

    def _on_part_begin(self) -> None:
        self._headers = _Headers()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._headers.name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers.value += data[start:end]

    def _on_headers_finished(self) -> None:
        self._events.append(_begin(self._headers.found))

    def _on_end(self) -> None:
        self._is_complete = True


def _begin(headers: dict[str, bytes]) -> PartBegin:
    disposition, options = parse_options_header(headers.get("content-disposition", b"").decode("latin-1"))
    name = options.get(b"name")
    if disposition != b"form-data" or name is None:
        raise InvalidParameter("Every part needs a Content-Disposition of form-data with a name.")
    if headers.get("content-transfer-encoding", b"binary").strip().lower() not in (b"binary", b"8bit", b"7bit"):
        raise InvalidParameter("Send the bytes of a part as they are, without a Content-Transfer-Encoding.")
    filename = options.get(b"filename")
    content_type = headers.get("content-type")
    return PartBegin(
        name=_text(name),
        filename=None if filename is None else _text(filename).replace("%22", '"'),
        content_type=None if content_type is None else content_type.decode("latin-1"),
    )


def _text(raw: bytes) -> str:
    """Browsers write names in UTF-8 (WHATWG HTML, multipart/form-data encoding) and escape quotation marks."""
    return raw.decode("utf-8", "replace")
