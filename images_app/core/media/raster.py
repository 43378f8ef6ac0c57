"""Opening pictures: libvips for what it reads, pillow-heif for HEIC (no HEVC in our libvips), Pillow for BMP.

A `Picture` knows its size and metadata from the header; pixels are decoded when `pixels` is called, and a decoder
that misses some of them raises. Only the loader that fits the sniffed type is ever called.
"""

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pillow_heif
import pyvips
from PIL import Image as Pillow

from images_app.core.media import exif, gif
from images_app.core.media.exif import Exif
from images_app.errors import ImageDamaged, NotAnImage

_LOADERS = {
    "image/jpeg": "jpegload_source",
    "image/png": "pngload_source",
    "image/webp": "webpload_source",
    "image/gif": "gifload_source",
    "image/tiff": "tiffload_source",
    "image/avif": "heifload_source",
}
_TURNED = frozenset({5, 6, 7, 8})
_NO_MEMORY = ("out of memory", "insufficient memory", "allocate", "memory allocation", "memory limit")
_CUT_SHORT = ("premature end", "unexpected end", "end of file", "truncated", "bad seek", "read error", "not enough")

Pillow.MAX_IMAGE_PIXELS = None  # we count pixels ourselves, before anything is decoded


@dataclass(frozen=True)
class Picture:
    """A picture whose header has been read. `width` and `height` are as stored, `frames` counts an animation's."""

    mime: str
    width: int
    height: int
    frames: int
    exif: Exif
    _load: Callable[[int], pyvips.Image]
    animation: Callable[[], pyvips.Image] | None = None
    """All frames, stacked as libvips does; None for a still."""

    @property
    def displayed(self) -> tuple[int, int]:
        """Width and height as people see them."""
        turned = self.exif.orientation in _TURNED
        return (self.height, self.width) if turned else (self.width, self.height)

    def pixels(self, width: int, height: int) -> pyvips.Image:
        """The first frame as upright 8-bit sRGB of at most this displayed size, with alpha only where it is used.

        In memory, so that every missing pixel has been noticed. Raises ImageDamaged.
        """
        box = (height, width) if self.exif.orientation in _TURNED else (width, height)
        with decoding():
            loaded = self._load(max(1, min(self.width // box[0], self.height // box[1])))
            small = resized(loaded, min(box[0], self.width), min(box[1], self.height)).copy_memory()
            return upright(opaque_if_it_is(small), self.exif.orientation)


def open_picture(source: Path, mime: str) -> Picture:
    """Read the header. Raises NotAnImage for a format we do not read, ImageDamaged for a broken header."""
    with decoding():
        if mime in _LOADERS:
            return _open_vips(source, mime)
        if mime in ("image/heic", "image/heif"):
            return _open_heif(source, mime)
        if mime == "image/bmp":
            return _open_bmp(source)
    raise NotAnImage(f"{mime} is not a format that we read.")


def resized(image: pyvips.Image, width: int, height: int) -> pyvips.Image:
    """Exactly this size, in 8-bit sRGB; the picture's own colour profile is applied."""
    small = image.thumbnail_image(width, height=height, size="force", export_profile="srgb", no_rotate=True)
    if small.interpretation != "srgb":
        small = small.colourspace("srgb")
    return small.cast("uchar")


def upright(image: pyvips.Image, orientation: int) -> pyvips.Image:
    """Turn a picture that is in memory as its EXIF orientation asks."""
    if orientation in (3, 4):
        image = image.rot180()
    elif orientation in (5, 6):
        image = image.rot90()
    elif orientation in (7, 8):
        image = image.rot270()
    return image.fliphor() if orientation in (2, 4, 5, 7) else image


def opaque_if_it_is(image: pyvips.Image) -> pyvips.Image:
    """Without an alpha channel that hides nothing; the image must be in memory."""
    return image[:-1] if image.hasalpha() and image[image.bands - 1].min() == 255 else image


@contextmanager
def decoding() -> Iterator[None]:
    """Turn what the libraries raise into ImageDamaged, except the want of memory, which is not the picture's fault.

    Their own words are not passed on: they name paths of the server.
    """
    try:
        yield
    except (pyvips.Error, OSError, SyntaxError, ValueError, RuntimeError) as error:
        text = str(error).lower()
        if any(sign in text for sign in _NO_MEMORY):
            raise MemoryError(text) from None
        ends = any(sign in text for sign in _CUT_SHORT)
        raise ImageDamaged("The file ends before the picture does." if ends else "The picture is damaged.") from None


def _open_vips(source: Path, mime: str) -> Picture:
    loader = getattr(pyvips.Image, _LOADERS[mime])

    def load(**options: object) -> pyvips.Image:
        file = pyvips.Source.new_from_file(str(source))
        return loader(file, access="sequential", fail_on="error", **options)

    def still(shrink: int) -> pyvips.Image:
        step = next((s for s in (8, 4, 2) if shrink >= 2 * s), 1)
        return load(shrink=step) if mime == "image/jpeg" and step > 1 else load()

    header = load()
    fields = header.get_fields()
    frames = int(header.get("n-pages")) if mime in ("image/gif", "image/webp") and "n-pages" in fields else 1
    if mime == "image/gif":
        gif.check(source)
    block = _mapped(source) if mime == "image/tiff" else header.get("exif-data") if "exif-data" in fields else None
    found = exif.read(block)
    if mime == "image/avif":
        found = replace(found, orientation=1)  # libheif turns it by `irot` and `imir`, which is all that counts
    elif mime == "image/tiff":
        found = replace(found, orientation=header.get("orientation") if "orientation" in fields else 1)
    animation = (lambda: load(n=-1)) if frames > 1 else None
    return Picture(mime, header.width, header.height, frames, found, still, animation)


def _mapped(source: Path) -> memoryview:
    """The whole file without reading it: a TIFF's tags may be anywhere in it."""
    with source.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _open_heif(source: Path, mime: str) -> Picture:
    """libheif turns the picture itself (`irot`, `imir`); what EXIF says besides must not turn it twice."""
    image = pillow_heif.open_heif(str(source), convert_hdr_to_8bit=True)
    found = exif.read(image.info.get("exif"))
    width, height = image.size

    def load(_: int) -> pyvips.Image:
        bands = len(image.mode)
        rows = pyvips.Image.new_from_memory(image.data, image.stride // bands, height, bands, "uchar")
        return _with_profile(rows.crop(0, 0, width, height), bands, image.info.get("icc_profile"))

    return Picture(mime, width, height, 1, replace(found, orientation=1), load)


def _open_bmp(source: Path) -> Picture:
    image = Pillow.open(source, formats=["BMP"])

    def load(_: int) -> pyvips.Image:
        with image:
            colours = image.convert("RGBA" if image.mode == "RGBA" else "RGB")
        bands = len(colours.mode)
        pixels = pyvips.Image.new_from_memory(colours.tobytes(), colours.width, colours.height, bands, "uchar")
        return _with_profile(pixels, bands, None)

    return Picture("image/bmp", image.width, image.height, 1, Exif(), load)


def _with_profile(image: pyvips.Image, bands: int, profile: bytes | None) -> pyvips.Image:
    image = image.copy(interpretation="srgb" if bands >= 3 else "b-w")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image
