"""What kind of file the first bytes say it is. Nobody's word counts more than the bytes.

Signatures: the formats' own specifications, as collected in the WHATWG MIME Sniffing standard and by libmagic.
"""

import mimetypes
import re
import struct

HEAD = 4096
"""Bytes from the start of a file that every function here wants; fewer will do when the file is shorter."""

SVG = "image/svg+xml"
OCTETS = "application/octet-stream"

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0\x08\0\0\0", "image/tiff"),  # BigTIFF
    (b"MM\0+\0\x08\0\0", "image/tiff"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"OggS\0", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF = frozenset({b"avif", b"avis"})
_HEIF = frozenset({b"mif1", b"msf1", b"mif2"})

_CONTAINERS = frozenset({"application/zip", "application/x-ole-storage", "application/ogg", "video/webm"})
"""Formats that others are built on: a client that says `.docx` knows more than our few signatures."""

_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_TEXTS = frozenset({"plain", "csv", "tab-separated-values", "markdown", "calendar", "vcard", "rtf"})
_ACTIVE = re.compile(
    r"\bxml|html|script|wasm|shockwave|flash|java|hta|x-ms-(application|manifest|shortcut)|x-msdownload|http|manifest"
)

_EXTENSIONS = frozenset(
    {"jpg", "jpeg", "jpe", "jfif", "png", "apng", "gif", "webp", "heic", "heif", "avif", "tif", "tiff"}
    | {"bmp", "dib", "svg", "jxl", "jp2", "ico", "psd"}
)


def sniff(head: bytes) -> str | None:
    """The mime type that a file's first `HEAD` bytes prove, or None when they prove nothing."""
    for magic, mime in _MAGIC:
        if head.startswith(magic):
            return mime
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _brand(head)
    if head[:2] == b"BM" and len(head) >= 18 and struct.unpack_from("<I", head, 14)[0] in _BMP_HEADERS:
        return "image/bmp"
    if head[:4] == b"\0\0\1\0" and len(head) >= 6 and 0 < struct.unpack_from("<H", head, 4)[0] < 256:
        return "image/x-icon"
    return SVG if _is_svg(head) else None


def claims_image(declared: str | None, name: str) -> bool:
    """Whether the client calls it a picture, by type or by file name; such a file is told why it is none."""
    return _bare(declared).startswith("image/") or name.rpartition(".")[2].lower() in _EXTENSIONS


def mime_of(head: bytes, declared: str | None, name: str) -> str:
    """The type to keep for a file. The bytes win; where they prove nothing, a harmless claim is believed.

    Harmless means: not a picture (the bytes would have shown it) and nothing that a browser would run. A client
    that declares nothing is judged by its file name.
    """
    seen = sniff(head)
    if seen is not None and seen not in _CONTAINERS:
        return seen
    claim = _bare(declared)
    if claim in ("", OCTETS):
        claim = (mimetypes.guess_type(name)[0] or "").lower()
    if not _is_harmless(claim) or (seen and claim.startswith(("text/", "font/", "model/"))):
        return seen or OCTETS
    return claim


def _brand(head: bytes) -> str:
    """ISO base media files name their kind: a major brand, then the compatible ones (ISO/IEC 14496-12, 4.3)."""
    size = min(struct.unpack_from(">I", head)[0], len(head))
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, size - 3, 4))]
    if brands[0] in _AVIF or (brands[0] in _HEIF and _AVIF.intersection(brands)):
        return "image/avif"
    if brands[0] in _HEIC or (brands[0] in _HEIF and _HEIC.intersection(brands)):
        return "image/heic"
    if brands[0] in _HEIF:
        return "image/heif"
    if brands[0] == b"qt  ":
        return "video/quicktime"
    return "audio/mp4" if brands[0] in (b"M4A ", b"M4B ") else "video/mp4"


_PROLOG = re.compile(
    r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s+(?:\w+:)?svg\b(?:[^\[\]<>\"']|\"[^\"]*\"|'[^']*')*(?:\[.*?\]\s*)?>",
    re.DOTALL,
)
_SVG_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?svg[\s>/]")


def _is_svg(head: bytes) -> bool:
    """Whether the first element is `svg`, whatever prolog, comments and byte order mark stand before it."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head.decode("utf-16", "ignore")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    at = 0
    while found := _PROLOG.match(text, at):
        at = found.end()
    return _SVG_ROOT.match(text, at) is not None


def _bare(declared: str | None) -> str:
    return (declared or "").partition(";")[0].strip().lower()


def _is_harmless(mime: str) -> bool:
    if not _MIME.fullmatch(mime) or _ACTIVE.search(mime):
        return False
    kind, _, rest = mime.partition("/")
    return kind in ("application", "audio", "video", "font", "model") or (kind == "text" and rest in _TEXTS)
