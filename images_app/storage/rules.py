"""What both stores hold keys, content types and names to."""

import re
from urllib.parse import quote

from images_app.errors import InvalidParameter

MAX_EXPIRES_S = 7 * 24 * 3600
"""Of a presigned URL, as S3 has it."""
_CONTENT_TYPE = re.compile(r"[\w!#$&^.+-]{1,63}/[\w!#$&^.+-]{1,63}(;[ \x21-\x7e]{0,126})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_KEY_BYTES = 1024
_MAX_SEGMENT_BYTES = 255
_RASTER = frozenset(
    f"image/{kind}" for kind in ("jpeg", "png", "gif", "webp", "avif", "heic", "heif", "tiff", "bmp", "x-ms-bmp")
)


def check_key(key: str) -> None:
    """Raise InvalidParameter unless the key is a path that stays where it is put."""
    segments = key.split("/")
    try:
        encoded = key.encode()
        longest = max(len(segment.encode()) for segment in segments)
    except UnicodeEncodeError:
        raise InvalidParameter("An object key must be valid Unicode.") from None
    if len(encoded) > _MAX_KEY_BYTES or longest > _MAX_SEGMENT_BYTES:
        raise InvalidParameter("The object key is too long.")
    if any(segment in ("", ".", "..") for segment in segments) or "\\" in key or _CONTROL.search(key):
        raise InvalidParameter("The object key is not a plain path.")


def check_content_type(content_type: str) -> None:
    """Raise InvalidParameter for what is none, or would break a header."""
    if not _CONTENT_TYPE.fullmatch(content_type):
        raise InvalidParameter("This is not a content type.")


def check_expiry(expires_in: int) -> None:
    """Raise ValueError outside 1 s to 7 days."""
    if not 1 <= expires_in <= MAX_EXPIRES_S:
        raise ValueError(f"expires_in must be 1 to {MAX_EXPIRES_S} seconds")


def disposition(key: str, content_type: str, download_name: str | None) -> str:
    """`Content-Disposition` (RFC 6266): the name in ASCII for old clients and in UTF-8 for all others.

    The bytes are whatever somebody uploaded: only what browsers draw as a picture is ever shown in place.
    """
    kind = content_type.partition(";")[0].strip().lower()
    shown = download_name is None and kind in _RASTER
    name = download_name or last_segment(key)
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name)
    exact = quote(name.encode(errors="replace"), safe="")
    return f"{'inline' if shown else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{exact}"


def last_segment(key: str) -> str:
    """What the object is called."""
    return key.rsplit("/", 1)[-1]
