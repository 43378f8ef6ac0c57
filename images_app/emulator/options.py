"""Transform options as Cloudflare writes them (`w=400,fit=cover`), checked; what we lack is refused by name."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from images_app.emulator import colours
from images_app.emulator.config import MAX_SIDE
from images_app.emulator.errors import DeliveryError
from images_app.emulator.geometry import FITS

FORMATS = ("auto", "avif", "webp", "jpeg", "baseline-jpeg", "json")
METADATA = ("keep", "copyright", "none")

_QUALITY = {"high": 90, "medium-high": 70, "medium-low": 50, "low": 35}
_SIDES = {"left": (0.0, 0.5), "right": (1.0, 0.5), "top": (0.5, 0.0), "bottom": (0.5, 1.0), "center": (0.5, 0.5)}
_ALIASES = {
    "w": "width",
    "h": "height",
    "g": "gravity",
    "q": "quality",
    "f": "format",
    "scq": "slow-connection-quality",
    "face-zoom": "zoom",
}
_LEFT_OUT = {
    "zoom": "it needs face detection",
    "segment": "it needs a segmentation model",
    "upscale": "it needs an upscaling model",
    "border": "Cloudflare has it in Workers only",
    "slow-connection-quality": "client hints are not read",
}
_MAX_TEXT = 1024


@dataclass(frozen=True)
class Trim:
    """Pixels to cut off each edge before anything else, or a rectangle by left, top, width and height."""

    top: int = 0
    right: int = 0
    bottom: int = 0
    left: int = 0
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Options:
    """One transformation; the defaults are Cloudflare's for hosted images."""

    width: int | None = None
    height: int | None = None
    fit: str = "scale-down"
    focus: tuple[float, float] | None = (0.5, 0.5)
    """The point a cut keeps, 0-1 each way; None: the most interesting part."""
    quality: int | None = None
    """None: 85, and lossless for PNG."""
    format: str = "auto"
    dpr: float = 1.0
    anim: bool = True
    background: colours.Colour | None = None
    blur: int = 0
    sharpen: float = 0.0
    brightness: float = 1.0
    contrast: float = 1.0
    gamma: float = 1.0
    saturation: float = 1.0
    rotate: int = 0
    flip: str = ""
    trim: Trim | None = None
    metadata: str = "copyright"
    fast: bool = False


def parse(segment: str) -> Options:
    """The options of a (percent-encoded) URL segment. Raises DeliveryError 9401 that names what is wrong."""
    text = unquote(segment)
    if len(text) > _MAX_TEXT:
        raise _bad("too many options")
    seen: dict[str, str] = {}
    for part in re.split(r",(?![^()]*\))", text):  # not within rgb(1,2,3)
        name, equals, value = part.partition("=")
        name = _ALIASES.get(name.strip(), name.strip())
        if not equals or not name:
            raise _bad(f"{part!r} is not name=value")
        if name in seen:
            raise _bad(f"{name} is given twice")
        seen[name] = value.strip()
    return _build(seen)


def of_variant(options: dict[str, Any]) -> Options:
    """The transformation of a stored named variant."""
    return Options(
        width=options.get("width"),
        height=options.get("height"),
        fit=options.get("fit", "scale-down"),
        metadata=options.get("metadata", "none"),
        blur=options.get("blur", 0),
    )


def _build(given: dict[str, str]) -> Options:
    result = Options()
    for name, value in given.items():
        if name in _LEFT_OUT:
            raise _bad(f"{name} is not supported by the local Cloudflare Images: {_LEFT_OUT[name]}")
        if name == "trim" or name.startswith("trim."):
            result = replace(result, trim=_trim(result.trim or Trim(), name, value))
        elif name in _READERS:
            field, read = _READERS[name]
            result = replace(result, **{field: read(name, value)})
        elif name != "onerror" or value != "redirect":  # onerror is for remote images; hosted ones ignore it
            raise _bad(f"unknown option {name}={value}" if name == "onerror" else f"unknown option {name}")
    return result


def _bad(message: str) -> DeliveryError:
    return DeliveryError(9401, f"Invalid or missing transformation options: {message[:200]}")


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def read(name: str, value: str) -> int:
        if name == "width" and value == "auto":
            raise _bad("width=auto is not supported by the local Cloudflare Images: client hints are not read")
        if not re.fullmatch(r"[0-9]{1,6}", value) or not low <= int(value) <= high:
            raise _bad(f"{name} must be a whole number from {low} to {high}")
        return int(value)

    return read


def _number(low: float, high: float) -> Callable[[str, str], float]:
    def read(name: str, value: str) -> float:
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?|\.[0-9]{1,6}", value) or not low <= float(value) <= high:
            raise _bad(f"{name} must be a number from {low:g} to {high:g}")
        return float(value)

    return read


def _factor(name: str, value: str) -> float:
    """1 leaves the picture as it is, and so does 0."""
    return _number(0, 100)(name, value) or 1.0


def _choice(*choices: str) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if value not in choices:
            raise _bad(f"{name} must be one of {', '.join(choices)}")
        return value

    return read


def _quality(name: str, value: str) -> int:
    return _QUALITY[value] if value in _QUALITY else _whole(1, 100)(name, value)


def _gravity(_name: str, value: str) -> tuple[float, float] | None:
    if value == "face":
        raise _bad("gravity=face is not supported by the local Cloudflare Images: it needs face detection")
    if value == "auto":
        return None
    if value in _SIDES:
        return _SIDES[value]
    x, cross, y = value.partition("x")
    try:
        point = (float(x), float(y))
    except ValueError:
        cross = ""
    if not cross or not all(math.isfinite(v) and 0 <= v <= 1 for v in point):
        raise _bad("gravity must be auto, left, right, top, bottom or XxY from 0 to 1")
    return point


def _background(_name: str, value: str) -> colours.Colour:
    try:
        return colours.parse(value)
    except ValueError as error:
        raise _bad(f"background: {error}") from None


def _trim(so_far: Trim, name: str, value: str) -> Trim:
    side = _whole(0, MAX_SIDE)
    if name == "trim":
        edges = value.split(";")
        if len(edges) != 4:
            raise _bad("trim must be top;right;bottom;left in pixels")
        top, right, bottom, left = (side(name, edge) for edge in edges)
        return replace(so_far, top=top, right=right, bottom=bottom, left=left)
    field = name.removeprefix("trim.")
    if field in ("width", "height"):
        return replace(so_far, **{field: _whole(1, MAX_SIDE)(name, value)})
    if field in ("left", "top", "right", "bottom"):
        return replace(so_far, **{field: side(name, value)})
    raise _bad(f"unknown option {name}")


_READERS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "width": ("width", _whole(1, MAX_SIDE)),
    "height": ("height", _whole(1, MAX_SIDE)),
    "fit": ("fit", _choice(*FITS)),
    "gravity": ("focus", _gravity),
    "quality": ("quality", _quality),
    "format": ("format", _choice(*FORMATS)),
    "dpr": ("dpr", _number(1, 2)),
    "anim": ("anim", lambda name, value: _choice("true", "false")(name, value) == "true"),
    "background": ("background", _background),
    "blur": ("blur", _whole(1, 250)),
    "sharpen": ("sharpen", _number(0, 10)),
    "brightness": ("brightness", _factor),
    "contrast": ("contrast", _factor),
    "gamma": ("gamma", _factor),
    "saturation": ("saturation", _number(0, 100)),
    "rotate": ("rotate", lambda name, value: int(_choice("90", "180", "270")(name, value))),
    "flip": ("flip", _choice("h", "v", "hv")),
    "metadata": ("metadata", _choice(*METADATA)),
    "compression": ("fast", lambda name, value: bool(_choice("fast")(name, value))),
}
