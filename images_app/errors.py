"""Every error that crosses a module boundary.

    AeontelError
    ├── InvalidParameter            a parameter, header or body field cannot be used
    │   ├── InvalidCursor           the cursor is not one of ours
    │   ├── ConflictingCursors      `after` and `before` together
    │   ├── MissingPart             a multipart upload lacks a part
    │   ├── EmptyFile               the uploaded file has no bytes
    │   └── WrongPassword           not the caller's present password
    ├── Unauthenticated             no credential, or one that is not valid (any more)
    │   └── BadCredentials          e-mail and password do not match
    ├── TooManyAttempts             guessing is throttled
    │   └── RateLimited             more requests than one caller may send
    ├── Forbidden                   visible to the caller, who lacks the role or scope
    ├── NotFound                    does not exist, or is outside the caller's scope: never told apart
    ├── Conflict                    the thing is in a state that does not allow this
    │   ├── NotRetryable            provisioning is done, in progress or cannot succeed
    │   └── LastOwner               a workspace keeps at least one owner
    ├── PreconditionFailed          the thing has changed since the client last saw it
    ├── FileTooLarge                over the limit for one file
    ├── QuotaExceeded               the workspace has no room for it
    ├── IdempotencyConflict         a key was used again for other bytes
    ├── ObjectMissing               the object store has nothing under that key
    ├── ObjectDamaged               the bytes in the object store are not those that were put there
    ├── StorageUnavailable          the object store did not answer, or failed; another try may succeed
    │   └── StorageRefused          it does not accept our credentials, or has no such bucket
    ├── InvalidPresignedUrl         a presigned URL is forged, expired or meant for something else
    ├── MediaError                  the bytes cannot become an image
    │   ├── NotAnImage              no image format we know
    │   ├── ImageDamaged            an image whose pixels cannot be read
    │   ├── ImageTooLarge           more pixels or frames than we decode
    │   └── SvgRefused              an SVG that the sanitiser rejects
    ├── MediaUnavailable            the decoder ran out of time or memory or died; another try may succeed
    ├── CloudflareError             Cloudflare Images refused, failed or did not answer
    ├── MailError                   the mail server did not take a letter
    ├── DatabaseUnavailable         the database did not answer, or not in time
    └── SettingsError               a setting cannot work: the server refuses to start

The HTTP status of each is decided in `api/problems.py`; `code` is stable and is what clients match on.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal


class AeontelError(Exception):
    """Base of every error of this product."""

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title


@dataclass(frozen=True)
class FieldError:
    """One fault: a JSON pointer or parameter name, and what is wrong with it."""

    pointer: str
    detail: str


class InvalidParameter(AeontelError):
    """A parameter, header or body field cannot be used."""

    code = "invalid_parameter"
    title = "Invalid parameter"

    def __init__(self, detail: str = "", errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.errors = errors


class InvalidCursor(InvalidParameter):
    """The cursor is not one of ours."""

    code = "invalid_cursor"
    title = "Invalid cursor"


class ConflictingCursors(InvalidParameter):
    """`after` and `before` were given together."""

    code = "conflicting_cursors"
    title = "Conflicting cursors"


class MissingPart(InvalidParameter):
    """A multipart upload lacks a part that it needs."""

    code = "missing_part"
    title = "Missing part"


class EmptyFile(InvalidParameter):
    """The uploaded file has no bytes."""

    code = "empty_file"
    title = "Empty file"


class WrongPassword(InvalidParameter):
    """Not the caller's present password."""

    code = "wrong_password"
    title = "Wrong password"


class Unauthenticated(AeontelError):
    """There is no credential, or it is not valid (any more)."""

    code = "unauthenticated"
    title = "Unauthenticated"


class BadCredentials(Unauthenticated):
    """E-mail and password do not match; which of the two is never told."""

    code = "bad_credentials"
    title = "That email and password do not match"


class TooManyAttempts(AeontelError):
    """Too many guesses at a password or link; `retry_after` is in seconds."""

    code = "too_many_attempts"
    title = "Too many attempts"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RateLimited(TooManyAttempts):
    """More requests than one caller may send; `retry_after` is in seconds."""

    code = "rate_limited"
    title = "Too many requests"


class Forbidden(AeontelError):
    """The caller may see this but lacks the role or scope for it."""

    code = "forbidden"
    title = "Forbidden"


class NotFound(AeontelError):
    """Nothing there, or nothing that this caller may know of."""

    code = "not_found"
    title = "Not found"


class Conflict(AeontelError):
    """The thing is in a state that does not allow this."""

    code = "conflict"
    title = "Conflict"


class NotRetryable(Conflict):
    """Provisioning is done, in progress, or cannot succeed."""

    code = "not_retryable"
    title = "Not retryable"


class LastOwner(Conflict):
    """A workspace keeps at least one owner."""

    code = "last_owner"
    title = "Last owner"


class PreconditionFailed(AeontelError):
    """The thing has changed since the client last saw it (`If-Match`)."""

    code = "precondition_failed"
    title = "Precondition failed"


class FileTooLarge(AeontelError):
    """Over the limit for one file; `limit` and `actual` are bytes (`actual` may be a lower bound)."""

    code = "file_too_large"
    title = "File too large"

    def __init__(self, limit: int, actual: int) -> None:
        super().__init__(f"The file has {actual} bytes or more; the most is {limit}.")
        self.limit = limit
        self.actual = actual


class QuotaExceeded(AeontelError):
    """The workspace has no room for it; `resource` is `bytes` or `files`, `actual` what would have been there."""

    code = "quota_exceeded"
    title = "The workspace is full"

    def __init__(self, resource: str, limit: int, actual: int) -> None:
        super().__init__(f"This workspace may hold {limit} {resource}, the trash included; it would be {actual}.")
        self.resource = resource
        self.limit = limit
        self.actual = actual


class IdempotencyConflict(AeontelError):
    """The Idempotency-Key was used before for something else."""

    code = "idempotency_conflict"
    title = "Idempotency conflict"


class ObjectMissing(AeontelError):
    """The object store has nothing under that key."""

    code = "object_missing"
    title = "Object missing"


class ObjectDamaged(AeontelError):
    """The bytes in the object store are not those that were put there, or did not come from it whole."""

    code = "object_damaged"
    title = "The stored bytes are not those that were uploaded"


class StorageUnavailable(AeontelError):
    """The object store did not answer, or failed; another try may succeed. The reason is for the log only."""

    code = "storage_unavailable"
    title = "The file store is not available right now"

    def __init__(self, reason: str = "") -> None:
        super().__init__("The file store cannot be used right now. Nothing is wrong with the request: send it again.")
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.title}: {self.reason}"


class StorageRefused(StorageUnavailable):
    """The object store does not accept our credentials, or has no such bucket: an operator must see to it."""

    code = "storage_refused"
    title = "The file store refuses this server"


class InvalidPresignedUrl(AeontelError):
    """A presigned URL is forged, expired or meant for another object or method."""

    code = "invalid_presigned_url"
    title = "Invalid presigned URL"


class MediaError(AeontelError):
    """The bytes cannot become an image, however often one tries."""

    code = "image_unusable"
    title = "The image cannot be used"


class NotAnImage(MediaError):
    """No image format that we know."""

    code = "not_an_image"
    title = "Not a picture inside"


class ImageDamaged(MediaError):
    """An image whose pixels cannot be read."""

    code = "image_damaged"
    title = "The picture is damaged"


class ImageTooLarge(MediaError):
    """More pixels or frames than we decode."""

    code = "image_too_large"
    title = "The picture has too many pixels"


class SvgRefused(MediaError):
    """An SVG that the sanitiser rejects."""

    code = "svg_refused"
    title = "The SVG cannot be made safe"


class MediaUnavailable(AeontelError):
    """The decoder ran out of time or memory, or died."""

    code = "media_unavailable"
    title = "The picture could not be read this time"


class CloudflareError(AeontelError):
    """Cloudflare Images refused, failed or did not answer.

    `status` is the HTTP status (None: no answer), `upstream_code` Cloudflare's own code, `retry_after` seconds.
    `ambiguous` means that the request may have succeeded all the same: look before doing it again. `account` is set
    when the refusal is not about this request but about our account, so that every other would meet it, too: `full`
    (a limit of the plan is reached) or `refused` (our account or token is not accepted).
    """

    code = "cloudflare_error"
    title = "Cloudflare Images error"

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        upstream_code: int | None = None,
        retry_after: float | None = None,
        retryable: bool = False,
        ambiguous: bool = False,
        account: Literal["full", "refused"] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.upstream_code = upstream_code
        self.retry_after = retry_after
        self.retryable = retryable
        self.ambiguous = ambiguous
        self.account = account


class DatabaseUnavailable(AeontelError):
    """The database did not answer, or not in time; another try may succeed. What the reason was is for the log only."""

    code = "database_unavailable"
    title = "The database is not available right now"

    def __init__(self, reason: str = "") -> None:
        super().__init__("The database did not answer in time. Nothing is wrong with the request: send it again.")
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.title}: {self.reason}"


class MailError(AeontelError):
    """The mail server did not take a letter."""

    code = "mail_error"
    title = "Mail error"


class SettingsError(AeontelError):
    """A setting cannot work."""

    code = "settings_error"
    title = "Settings error"
