"""Server-Sent Events (WHATWG HTML, section 9.2) from bytes. Only line ends separate lines here, unlike in
`str.splitlines`: the JSON of an event may have U+2028 and the like in its strings."""

import json

from images_app.client import results
from images_app.client.errors import UnexpectedAnswer
from images_app.client.results import reader

_read = reader(results.Event)
_MOST_BYTES = 1024 * 1024


class EventReader:
    """Takes what comes, gives the events in it, and knows with which request to go on after a connection broke."""

    def __init__(self, after: str) -> None:
        self._last = after
        self._rest = b""
        self._data: list[bytes] = []
        self._id = ""
        self._name = ""

    def headers(self) -> dict[str, str]:
        """Of the next request; what was only half there is forgotten and will come again."""
        self._rest, self._data, self._id, self._name = b"", [], "", ""
        return {"Accept": "text/event-stream", "Last-Event-ID": self._last, "Cache-Control": "no-store"}

    def feed(self, chunk: bytes) -> list[results.Event]:
        """The events that are complete with this chunk."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _MOST_BYTES:
            raise UnexpectedAnswer("The event stream has a line that does not end.")
        return [event for line in lines if (event := self._line(line.removesuffix(b"\r"))) is not None]

    def _line(self, line: bytes) -> results.Event | None:
        if line:
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            match name:
                case b"data":
                    self._data.append(value)
                case b"id":
                    self._id = value.decode("latin-1")
                case b"event":
                    self._name = value.decode("latin-1")
            return None
        data, id, kind = self._data, self._id, self._name
        self._data, self._id, self._name = [], "", ""
        if not data or kind:  # `rights` is for open pages
            return None
        try:
            event = _read(json.loads(b"\n".join(data)))
        except ValueError:
            raise UnexpectedAnswer("The event stream has a message that is not JSON.") from None
        self._last = id or self._last
        return event
