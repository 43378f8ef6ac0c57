"""What the decoder's child process does with one file: learn what it is, and make it acceptable to Cloudflare."""

from pathlib import Path

import pyvips

from images_app.core.media import derivative, limits, svg
from images_app.core.media.base import MediaInfo, Prepared
from images_app.core.media.raster import Picture, open_picture, resized
from images_app.core.media.sniff import HEAD, SVG, sniff
from images_app.core.media.thumbhash import thumbhash
from images_app.errors import ImageTooLarge, NotAnImage


def prepare(source: Path, folder: Path) -> Prepared:
    """See `Media.prepare`; here in this very process, without limits on time and memory."""
    with source.open("rb") as file:
        mime = sniff(file.read(HEAD))
    if mime is None or not mime.startswith("image/"):
        raise NotAnImage(f"The file is {mime or 'of no kind that we know'}, not a picture.")
    if mime == SVG:
        return _drawing(source, folder)
    picture = open_picture(source, mime)
    _check(picture)
    if derivative.is_accepted(picture, source.stat().st_size):
        return Prepared(_info(picture, _small(picture)), None, None)
    made = derivative.derive(picture)
    return Prepared(_info(picture, made.shown), _written(folder, made.data, made.mime), made.mime)


def _drawing(source: Path, folder: Path) -> Prepared:
    """Every SVG is provisioned in its sanitised form."""
    with source.open("rb") as file:
        clean = svg.sanitised(file.read(limits.SVG_BYTES + 1))
    width, height = svg.size(clean)
    image = svg.rendered(clean, limits.THUMB_SIDE)
    info = MediaInfo(SVG, width, height, None, None, _hash(image) if image is not None else None)
    return Prepared(info, _written(folder, clean, SVG), SVG)


def _check(picture: Picture) -> None:
    """Refuse by the header, before any pixel costs memory."""
    area, most = picture.width * picture.height, limits.DECODE_WHOLE
    if picture.mime in limits.STREAMED:
        most = limits.DECODE_STREAMED
    if area > most or max(picture.width, picture.height) > limits.DECODE_SIDE:
        megapixels = f"{area / 1e6:,.0f} megapixels ({picture.width} x {picture.height})"
        raise ImageTooLarge(f"The picture has {megapixels}; we read up to {most // 1_000_000}.")


def _info(picture: Picture, pixels: pyvips.Image) -> MediaInfo:
    width, height = picture.displayed
    return MediaInfo(picture.mime, width, height, picture.exif.tags, picture.exif.taken_at, _hash(pixels))


def _small(picture: Picture) -> pyvips.Image:
    """A thumbnail of at most THUMB_SIDE. Making it decodes the whole picture, so a broken one is found out."""
    width, height = picture.displayed
    scale = min(1.0, limits.THUMB_SIDE / max(width, height))
    return picture.pixels(max(1, round(width * scale)), max(1, round(height * scale)))


def _hash(image: pyvips.Image) -> str:
    scale = min(1.0, limits.THUMB_SIDE / max(image.width, image.height))
    small = resized(image, max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    rgba = small if small.hasalpha() else small.bandjoin(255)
    return thumbhash(bytes(rgba.write_to_memory()), rgba.width, rgba.height)


def _written(folder: Path, data: bytes, mime: str) -> Path:
    path = folder / f"derivative{limits.DERIVATIVES[mime]}"
    path.write_bytes(data)
    return path
