"""From options and the facts of a source to one exact, cacheable order of work for the pixel children.

Everything is decided here, before a pixel is read: output size, format and encoder settings. Equal results have
equal recipes, however they were asked for.
"""

import hashlib
import json
from dataclasses import dataclass

from images_app.emulator import geometry
from images_app.emulator.colours import Colour
from images_app.emulator.config import MAX_PIXELS, MAX_SIDE
from images_app.emulator.errors import DeliveryError
from images_app.emulator.options import Options, Trim

_GENERATION = 2
"""Raised when the same recipe would give other bytes, so that old cache entries are left alone."""
_AVIF_SIDE = 1200
_UNTOUCHED_ANIMATION = 50_000_000
_WHITE: Colour = (255, 255, 255, 255)


@dataclass(frozen=True)
class Source:
    """A stored image; width and height as displayed (orientation applied), of one frame."""

    sha256: str
    format: str
    size: int
    width: int
    height: int
    frames: int = 1
    alpha: bool = False


@dataclass(frozen=True)
class Recipe:
    """What a pixel child does, in this order: trim, resize, cut or pad, flip, rotate, adjust, encode."""

    action: str
    """`render`, `sanitise` (SVG) or `copy` (the original bytes)."""
    format: str
    width: int
    height: int
    """Of the result."""
    animated: bool = False
    trim: tuple[int, int, int, int] | None = None
    """Left, top, width, height."""
    resize: tuple[int, int] = (0, 0)
    crop: tuple[int, int] | None = None
    crop_at: tuple[int, int] | None = None
    """Left and top of the cut; None: where it is most interesting."""
    canvas: tuple[int, int] | None = None
    background: Colour | None = None
    flip: str = ""
    rotate: int = 0
    blur: int = 0
    sharpen: float = 0.0
    brightness: float = 1.0
    contrast: float = 1.0
    gamma: float = 1.0
    saturation: float = 1.0
    quality: int = 85
    progressive: bool = False
    palette: bool = False
    keep: str = "none"
    fast: bool = False

    def key(self, source: Source) -> str:
        """Names the result: equal keys, equal bytes."""
        text = json.dumps([_GENERATION, source.sha256, vars(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]


def make(options: Options, source: Source, accept: str) -> Recipe:
    """The recipe for a request; `accept` is the Accept header. Raises DeliveryError."""
    if source.format == "svg":
        return Recipe("sanitise", "svg", source.width, source.height)
    if source.frames > 1 and source.frames * source.width * source.height > _UNTOUCHED_ANIMATION and options.anim:
        return Recipe("copy", source.format, source.width, source.height, animated=True)
    trim, size = _trimmed(options, source)
    placement = _placement(options, size)
    turned = options.rotate in (90, 270)
    width, height = placement.size[::-1] if turned else placement.size
    animated = source.frames > 1 and options.anim and options.format in ("auto", "webp")
    if width * height * (source.frames if animated else 1) > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise DeliveryError(9413, "The result would have too many pixels")
    format = _format(options, source, accept, max(width, height), animated)
    crop_at = (
        geometry.offset(placement.resize, placement.crop, options.focus) if placement.crop and options.focus else None
    )
    background = options.background or (_WHITE if placement.canvas or format == "jpeg" else None)
    return Recipe(
        "render",
        format,
        width,
        height,
        animated=animated,
        trim=trim,
        resize=placement.resize,
        crop=placement.crop,
        crop_at=crop_at,
        canvas=placement.canvas,
        background=background if source.alpha or placement.canvas else None,
        flip=options.flip,
        rotate=options.rotate,
        blur=options.blur,
        sharpen=options.sharpen,
        brightness=options.brightness,
        contrast=options.contrast,
        gamma=options.gamma,
        saturation=options.saturation,
        quality=options.quality or 85,
        progressive=_progressive(options, format, width, height),
        palette=format == "png" and options.quality is not None,
        keep=options.metadata if format == "jpeg" and source.format == "jpeg" else "none",
        fast=options.fast,
    )


def _trimmed(options: Options, source: Source) -> tuple[tuple[int, int, int, int] | None, geometry.Size]:
    """The rectangle that trim leaves, and its size. Trim is in pixels of the source, times dpr."""
    if options.trim is None or options.trim == Trim():
        return None, (source.width, source.height)
    t, scale = options.trim, options.dpr
    left, top = round(t.left * scale), round(t.top * scale)
    width = round(t.width * scale) if t.width else source.width - left - round(t.right * scale)
    height = round(t.height * scale) if t.height else source.height - top - round(t.bottom * scale)
    width, height = min(width, source.width - left), min(height, source.height - top)
    if width < 1 or height < 1:
        raise DeliveryError(9413, "Nothing is left after trimming")
    return (left, top, width, height), (width, height)


def _placement(options: Options, size: geometry.Size) -> geometry.Placement:
    """Width and height are those of the rotated picture, and it is rotated last: turn them back first."""
    width, height = (round(v * options.dpr) if v else None for v in (options.width, options.height))
    if options.rotate in (90, 270):
        width, height = height, width
    return geometry.place(size, width, height, options.fit)


def _format(options: Options, source: Source, accept: str, side: int, animated: bool) -> str:
    """AVIF only when it is asked for by name: it takes ten times as long as WebP to make."""
    wanted = {"baseline-jpeg": "jpeg", "json": "auto"}.get(options.format, options.format)
    takes_webp = accepts(accept, "image/webp")
    if wanted == "avif" and side > _AVIF_SIDE:
        wanted = "webp" if takes_webp else "jpeg"
    if wanted != "auto":
        return wanted
    if takes_webp and not (options.fast and source.format == "jpeg" and not animated):
        return "webp"
    return source.format


def _progressive(options: Options, format: str, width: int, height: int) -> bool:
    if format != "jpeg" or options.format == "baseline-jpeg" or options.fast:
        return False
    return not (width < 50 and height < 50) and not (width > 3000 and height > 3000)


def accepts(header: str, content_type: str) -> bool:
    """Whether an Accept header names this type itself and does not weigh it with zero; wildcards do not count."""
    for item in header.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        if name == content_type:
            return not any(p.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for p in parameters)
    return False
