"""What an S3 service or the way to it can do to us, in our own errors.

The texts name the call, the service's code and the status, and nothing else: no address, no header, no body.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from images_app.errors import AeontelError, ObjectMissing, StorageRefused, StorageUnavailable

SERVICE_FAULTS = (ClientError, BotoCoreError, ResponseParserError, HTTPError, OSError, KeyError)
"""A KeyError is an answer without what it must have."""
_CODE = re.compile(r"[A-Za-z][\w.-]{0,63}", re.ASCII)
_MISSING = frozenset({"NoSuchKey", "404"})
"""A HEAD has no body with a code in it."""
_REFUSING = frozenset({301, 307, 308, 401, 403})
_REFUSALS = frozenset({"NoSuchBucket", "InvalidBucketName", "AuthorizationHeaderMalformed", "InvalidArgument"})
"""The last is what R2 says of keys that are no keys; nothing else that we send could be invalid."""


@contextmanager
def translated(call: str) -> Iterator[None]:
    """Raise ObjectMissing, StorageRefused or StorageUnavailable for what goes wrong inside; `call` names it."""
    try:
        yield
    except SERVICE_FAULTS as error:
        raise translation(call, error) from None  # boto3's own texts hold addresses


def translation(call: str, error: Exception) -> AeontelError:
    """The error of ours that says so."""
    if not isinstance(error, ClientError):
        return StorageUnavailable(f"{type(error).__name__} at {call}")
    code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _MISSING:
        return ObjectMissing()
    kind = StorageRefused if code in _REFUSALS or status in _REFUSING else StorageUnavailable
    return kind(f"{code} ({status}) to {call}")


def code_of(error: ClientError) -> str:
    """The service's code, if it is one."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code if _CODE.fullmatch(code) or code.isdecimal() else "no code"
