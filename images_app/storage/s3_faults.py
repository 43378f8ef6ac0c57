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

_TOLD = (ClientError, BotoCoreError, HTTPError)
SERVICE_FAULTS = (*_TOLD, ResponseParserError, OSError, LookupError, TypeError, ValueError)
"""The last three: an answer that lacks what it must have, or over which botocore stumbles."""
_CODE = re.compile(r"[A-Za-z][\w.-]{0,63}", re.ASCII)
_REFUSING = frozenset({301, 307, 308, 401, 403})
_REFUSALS = frozenset({"NoSuchBucket", "InvalidBucketName", "AuthorizationHeaderMalformed", "InvalidArgument"})
"""The last is what R2 says of keys that are no keys; nothing else that we send could be invalid."""


@contextmanager
def translated(call: str) -> Iterator[None]:
    """Raise ObjectMissing, StorageRefused or StorageUnavailable for what goes wrong inside; `call` names it."""
    try:
        yield
    except SERVICE_FAULTS as error:
        # What boto3 tells holds addresses; of what it did not foresee the log shall have the place.
        raise translation(call, error) from (None if isinstance(error, _TOLD) else error)


def translation(call: str, error: Exception) -> AeontelError:
    """The error of ours that says so."""
    if not isinstance(error, ClientError):
        return StorageUnavailable(f"{type(error).__name__} at {call}")
    code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchKey" or (call == "stat" and status == 404):  # a HEAD has no body with a code in it
        return ObjectMissing()
    kind = StorageRefused if code in _REFUSALS or status in _REFUSING else StorageUnavailable
    return kind(f"{code} ({status}) at {call}")


def code_of(error: ClientError) -> str:
    """The service's code, if it is one."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code if _CODE.fullmatch(code) or code.isdecimal() else "no code"
