"""What the API's JSON bodies have in common: camelCase, times with milliseconds and `Z`, no unknown input fields."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints
from pydantic.alias_generators import to_camel

from images_app.core import users


class Schema(BaseModel):
    """A body going out: Python names inside, camelCase outside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Input(BaseModel):
    """A body coming in: camelCase and nothing else, and an unknown field is refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


def rfc3339(at: datetime) -> str:
    """`2026-07-01T12:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


Timestamp = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]
"""A time going out."""

TimestampInput = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time coming in: RFC 3339 with an offset."""

_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"
"""Without control characters, line ends, and the marks that let text read in another order than it is written."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=_LINE)]
"""A name that people give to things: one line, at most 120 characters."""


Email = Annotated[str, StringConstraints(max_length=users.MAX_EMAIL)]
Password = Annotated[str, StringConstraints(max_length=users.MAX_PASSWORD)]


class PageInfo(Schema):
    """Where a page lies in its list. Cursors are opaque, and null on an empty page."""

    total: int = Field(description="Everything that matches the filters, whatever the cursor.")
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Success(Schema):
    """The answer to a deletion."""

    success: bool = True


class FieldProblem(Schema):
    """One fault of the input."""

    pointer: str = Field(description="JSON pointer into the body, or the name of the parameter.")
    detail: str


class Problem(Schema):
    """RFC 9457. Match on `code`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="The request id, as in `X-Request-Id`.")
    code: str
    errors: list[FieldProblem] | None = None


def fails(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems."""
    return {
        status: {"model": Problem, "content": {"application/problem+json": {}}, "description": _MEANING[status]}
        for status in statuses
    }


_MEANING = {
    400: "A parameter, header or body field cannot be used.",
    401: "No credential, or one that is not valid.",
    403: "Visible to you, but not allowed.",
    404: "Does not exist, or is outside your scope.",
    409: "The state of the thing does not allow this.",
    412: "It has changed since the client last saw it.",
    413: "Too large.",
    416: "The range lies outside the object.",
    422: "The Idempotency-Key was used for something else.",
    429: "Too many requests or attempts; see `Retry-After`.",
    503: "Not ready.",
}
