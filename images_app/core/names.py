"""What a file is called: to people, and in the object store."""

import mimetypes
import re
import unicodedata

MAX_NAME_BYTES = 255
_NAMELESS = "upload"
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that change the order of what is read: `photo‮gpj.exe` would look like a picture."""
_UNSHOWABLE = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")
_KEY_STEM_LENGTH = 80
_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/avif": ".avif",
    "image/tiff": ".tiff",
    "image/bmp": ".bmp",
    "image/svg+xml": ".svg",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
}


def display_name(given: str | None) -> str:
    """The name that people see: the client's own, less its path and what cannot or must not be shown. NFC, one line,
    at most MAX_NAME_BYTES of UTF-8; the extension survives shortening."""
    name = re.split(r"[/\\]", given or "")[-1]
    name = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in _UNSHOWABLE)
    name = " ".join(_REORDERING.sub("", name).split())
    if name.strip(". ") == "":
        return _NAMELESS
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, extension = _split(name)
    room = MAX_NAME_BYTES - len(extension.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip() + extension


def key_name(name: str, mime: str) -> str:
    """The last segment of an object's key: readable ASCII, with the extension that its type has."""
    stem, extension = _split(name)
    if mime in _EXTENSIONS:
        extension = _EXTENSIONS[mime]
    elif mimetypes.guess_type(f"x{extension}")[0] != mime:
        extension = mimetypes.guess_extension(mime) or ".bin"
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)[:_KEY_STEM_LENGTH].strip("-._")
    return (plain or _NAMELESS) + extension.lower()


def _split(name: str) -> tuple[str, str]:
    """`photo.JPG` into `photo` and `.JPG`; what does not look like an extension stays with the stem."""
    stem, dot, last = name.rpartition(".")
    extension = dot + last
    return (stem, extension) if stem and _EXTENSION.fullmatch(extension) else (name, "")
