"""Making a picture that Cloudflare Images takes from one that it would refuse.

A derivative is upright, in sRGB and without any metadata. It is a JPEG, or a WebP where something shows through,
and as large as the limits allow. An animation stays one (as WebP, which is smaller and faster to make than GIF) if
its frames are within the decode budget; a longer one is represented by its first frame.
"""

import math
from dataclasses import dataclass

import pyvips

from images_app.core.media import limits
from images_app.core.media.raster import Picture, decoding

_TRIES = 8


@dataclass(frozen=True)
class Derivative:
    """Encoded bytes, and the upright pixels that they show (of the first frame)."""

    data: bytes
    mime: str
    shown: pyvips.Image


def is_accepted(picture: Picture, size: int) -> bool:
    """Whether Cloudflare takes the original as it is; `size` in bytes."""
    area = picture.width * picture.height
    return (
        picture.mime in limits.ACCEPTED
        and size <= limits.MAX_BYTES
        and max(picture.width, picture.height) <= limits.MAX_SIDE
        and area <= limits.MAX_AREA
        and (picture.frames == 1 or area * picture.frames <= limits.MAX_ANIMATION)
    )


def derive(picture: Picture) -> Derivative:
    """A derivative within every limit. Raises ImageDamaged."""
    width, height = picture.displayed
    scale = _fitting(width, height, limits.DERIVATIVE_AREA)
    still = picture.pixels(_scaled(width, scale), _scaled(height, scale))
    moving = _moving(picture, still)
    if moving is not None:
        return moving
    image = still
    for _ in range(_TRIES):
        with decoding():
            data, mime = _encoded(image)
        if len(data) <= limits.MAX_BYTES:
            return Derivative(data, mime, still)
        image = _smaller(image, len(data))
    raise MemoryError("no size of the picture fits")


def _moving(picture: Picture, still: pyvips.Image) -> Derivative | None:
    """The animation within the limits, or None where it is no animation or too much work."""
    total = picture.width * picture.height * picture.frames
    if picture.animation is None or total > limits.DECODE_ANIMATION:
        return None
    scale = _fitting(picture.width, picture.height, limits.MAX_ANIMATION / picture.frames)
    for _ in range(3):
        width, height = _scaled(picture.width, scale), _scaled(picture.height, scale)
        with decoding():
            frames = picture.animation().thumbnail_image(width, height=height, size="force", no_rotate=True)
            data = frames.webpsave_buffer(Q=80, effort=2, keep="none")
        if len(data) <= limits.MAX_BYTES:
            return Derivative(data, "image/webp", still)
        scale *= _shrink(len(data))
    return None


def _encoded(image: pyvips.Image) -> tuple[bytes, str]:
    if image.hasalpha():
        return image.webpsave_buffer(Q=90, effort=2, keep="none"), "image/webp"
    return image.jpegsave_buffer(Q=88, optimize_coding=True, keep="none"), "image/jpeg"


def _smaller(image: pyvips.Image, size: int) -> pyvips.Image:
    scale = _shrink(size)
    width, height = _scaled(image.width, scale), _scaled(image.height, scale)
    with decoding():
        return image.thumbnail_image(width, height=height, size="force").copy_memory()


def _shrink(size: int) -> float:
    """By how much to scale so that about as many bytes fewer come out; at least by a tenth."""
    return min(0.9, math.sqrt(limits.MAX_BYTES / size) * 0.95)


def _fitting(width: int, height: int, area: float) -> float:
    return min(1.0, limits.MAX_SIDE / max(width, height), math.sqrt(area / (width * height)))


def _scaled(length: int, scale: float) -> int:
    return max(1, math.floor(length * scale))
