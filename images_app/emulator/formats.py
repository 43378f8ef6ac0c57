"""Image formats by their first bytes and by content type."""

import re

ACCEPTED = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "svg": "image/svg+xml",
}
"""What Cloudflare takes on a plain plan, and what is stored."""

CONTENT_TYPES = {**ACCEPTED, "avif": "image/avif"}
"""What is delivered."""

HEAD_BYTES = 4096
"""How much `sniff` wants to see."""

_HEIF_BRANDS = {b"avif": "avif", b"avis": "avif"}
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}

_SVG_ELEMENT = re.compile(rb"<([A-Za-z][A-Za-z0-9_.-]*:)?svg[\s/>]")


def sniff(head: bytes) -> str | None:
    """The format that these first bytes announce, also one that is not accepted; None when it is no image."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:4] in (b"II*\x00", b"MM\x00*"):
        return "tiff"
    if head[:2] == b"BM" and head[14:15] in (b"\x0c", b"\x28", b"\x40", b"\x6c", b"\x7c"):
        return "bmp"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return _HEIF_BRANDS.get(brand) or ("heic" if brand in _HEIC_BRANDS else None)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "svg" if text.startswith(b"<") and _SVG_ELEMENT.search(text) else None
