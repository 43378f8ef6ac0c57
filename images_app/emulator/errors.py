"""Refusals with Cloudflare's numbers: 5xxx and 10000 in the API's envelope, 9xxx as text at delivery."""

_API_STATUS = {
    971: 429,
    5400: 400,
    5401: 404,
    5403: 403,
    5404: 404,
    5408: 408,
    5409: 409,
    5411: 400,
    5413: 413,
    5415: 415,
    5443: 400,
    5450: 400,
    5453: 403,
    5454: 400,
    5455: 415,
    5500: 500,
    5503: 503,
    7001: 405,
    7003: 404,
    9109: 403,
    9422: 400,
    10000: 401,
}


class ApiError(Exception):
    """The API refuses; the HTTP status follows from the code, unless one is given."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        pointer: str | None = None,
        status: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = _API_STATUS[code] if status is None else status
        self.pointer = pointer
        self.retry_after = retry_after
        """Seconds."""


class NoRoom(ApiError):
    """The disk is full. Nothing was done, so the same call may succeed later. `reason` is for our log."""

    def __init__(self, reason: str) -> None:
        super().__init__(5503, "Service unavailable: there is no room on the disk")
        self.reason = reason


_DELIVERY_STATUS = {
    9401: 400,
    9404: 404,
    9412: 415,
    9413: 403,
    9422: 429,
    9425: 403,
    9427: 403,
    9429: 403,
    9432: 400,
    9502: 502,
    9516: 500,
    9522: 503,
    9523: 500,
    9529: 504,
}


class DeliveryError(Exception):
    """Delivery refuses: `ERROR 9xxx: message` as text, and the number in a header."""

    def __init__(self, code: int, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = _DELIVERY_STATUS[code]
        self.retry_after = retry_after
        """Seconds."""
