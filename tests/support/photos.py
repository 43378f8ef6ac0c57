"""Pictures and other files that the tests upload, made on the spot: every seed is another picture and other bytes.

`FORMATS` makes one of each picture format. What is written by hand (drawings, floods, documents) is in `crafted`.
"""

import io
import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pillow_heif
from PIL import Image, ImageChops, ImageDraw
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from tests.support.crafted import entity_bomb_svg as entity_bomb_svg
from tests.support.crafted import flood_png as flood_png
from tests.support.crafted import gif_of as gif_of
from tests.support.crafted import hostile_svg as hostile_svg
from tests.support.crafted import pdf as pdf
from tests.support.crafted import svg as svg
from tests.support.crafted import text_named_jpg as text_named_jpg
from tests.support.crafted import truncated as truncated

CORNERS = {"red": (220, 30, 30), "green": (30, 170, 60), "blue": (40, 60, 220), "yellow": (235, 205, 40)}
"""Colours of `quadrants`: top left, top right, bottom left, bottom right, as people must see them."""

_TO_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What a camera that writes this orientation does to the upright scene."""


def scene(width: int, height: int, seed: int = 0) -> Image.Image:
    """An upright landscape: sky, sun and three ranges of hills, all of them by the seed."""
    chance = random.Random(seed)
    small_width = min(width, 640)
    small_height = max(1, round(height * small_width / width))
    sky = [tuple(chance.randrange(90, 256) for _ in range(3)) for _ in range(4)]
    corners = Image.new("RGB", (2, 2))
    corners.putdata(sky)
    image = corners.resize((small_width, small_height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    x, y = chance.random() * small_width, chance.random() * small_height * 0.5
    radius = (0.04 + 0.06 * chance.random()) * small_width
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 244, chance.randrange(150, 230)))
    for depth in range(3):
        hill = tuple(chance.randrange(20, 150 - 35 * depth) for _ in range(3))
        level = small_height * (0.55 + 0.15 * depth)
        ridge = [(i * small_width / 12, level + chance.uniform(-0.12, 0.12) * small_height) for i in range(13)]
        draw.polygon([(0, small_height), *ridge, (small_width, small_height)], fill=hill)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def grain(image: Image.Image, seed: int = 0, strength: int = 12) -> Image.Image:
    """The picture with a sensor's noise on it, without which a photograph is ten times too small a file."""
    tile = Image.frombytes("L", (256, 256), random.Random(seed).randbytes(65536)).point(lambda v: v * strength // 255)
    sheet = Image.new("L", image.size)
    for top in range(0, image.height, 256):
        for left in range(0, image.width, 256):
            sheet.paste(tile, (left, top))
    return ImageChops.add(image, Image.merge("RGB", (sheet,) * 3), offset=-strength // 2)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """Pixels that no codec can shrink: for files that must be large."""
    return Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(width * height * 3))


def taken_at(seed: int) -> datetime:
    """When `photo_jpeg(seed=...)` says that it was taken: local time of its offset, which is +02:00."""
    return datetime(2024, 6, 1, 12, 0, 0) + timedelta(hours=7 * seed)


def camera_exif(*, orientation: int = 1, gps: bool = False, seed: int = 0) -> Image.Exif:
    """What a telephone writes beside the pixels."""
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif[Base.Make] = "Aeontel"
    exif[Base.Model] = "Testphone 4"
    exif[Base.Software] = "photos.py"
    own = exif.get_ifd(IFD.Exif)
    own[Base.DateTimeOriginal] = taken_at(seed).strftime("%Y:%m:%d %H:%M:%S")
    own[Base.OffsetTimeOriginal] = "+02:00"
    own[Base.ExposureTime] = IFDRational(1, 125)
    own[Base.FNumber] = IFDRational(18, 10)
    own[Base.ISOSpeedRatings] = 100 + seed
    own[Base.FocalLength] = IFDRational(265, 10)
    own[Base.LensModel] = "Testphone wide 26.5 mm"
    own[Base.ImageUniqueID] = f"{seed:032x}"
    if gps:
        place = exif.get_ifd(IFD.GPSInfo)
        place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "N", (52.0, 31.0, 12.5)
        place[GPS.GPSLongitudeRef], place[GPS.GPSLongitude] = "E", (13.0, 24.0, 18.0)
    return exif


def photo_jpeg(
    width: int = 4000,
    height: int = 3000,
    *,
    orientation: int = 1,
    exif: bool = True,
    gps: bool = False,
    seed: int = 0,
    quality: int = 88,
) -> bytes:
    """A photograph that people see as `width` x `height`, stored as a camera held in that orientation stores it."""
    stored = _as_stored(grain(scene(width, height, seed), seed), orientation)
    extra = {"exif": camera_exif(orientation=orientation, gps=gps, seed=seed).tobytes()} if exif else {}
    return encode(stored, "JPEG", quality=quality, **extra)


def quadrants(orientation: int = 1, *, width: int = 120, height: int = 80, format: str = "JPEG") -> bytes:
    """Four coloured corners (`CORNERS`) that are in their place only when the orientation is applied rightly."""
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    half = (width // 2, height // 2)
    for index, colour in enumerate(CORNERS.values()):
        left, top = half[0] * (index % 2), half[1] * (index // 2)
        draw.rectangle((left, top, left + half[0], top + half[1]), fill=colour)
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    return encode(_as_stored(image, orientation), format, exif=exif.tobytes(), **_QUALITY.get(format, {}))


def corners_of(image: Image.Image) -> tuple[str, ...]:
    """The names of the colours in an image's corners, in the order of `CORNERS`; to compare with `tuple(CORNERS)`."""
    rgb = image.convert("RGB")
    points = [(x, y) for y in (0.2, 0.8) for x in (0.2, 0.8)]
    return tuple(_nearest(rgb.getpixel((int(rgb.width * x), int(rgb.height * y)))) for x, y in points)


def png(width: int = 640, height: int = 480, *, alpha: bool = False, seed: int = 0) -> bytes:
    """A PNG; with alpha a picture cut out to an ellipse."""
    image = scene(width, height, seed)
    if alpha:
        mask = Image.new("L", image.size, 0)
        ImageDraw.Draw(mask).ellipse((0, 0, width - 1, height - 1), fill=255)
        image.putalpha(mask)
    return encode(image, "PNG")


def webp(width: int = 640, height: int = 480, *, seed: int = 0) -> bytes:
    return encode(scene(width, height, seed), "WEBP", quality=80)


def animation(
    width: int = 200, height: int = 150, *, frames: int = 8, format: str = "GIF", seed: int = 0, delay: int = 80
) -> bytes:
    """An animated GIF or WebP; every frame differs. `delay` in milliseconds."""
    first, *rest = (scene(width, height, seed * 1000 + n) for n in range(frames))
    return encode(first, format, save_all=True, append_images=rest, duration=delay, loop=0)


def flicker(width: int, height: int, *, frames: int, format: str = "GIF", delay: int = 70) -> bytes:
    """A long animation that is quickly made: plain frames, no two alike."""
    palette = [channel for n in range(256) for channel in (n, 255 - n, n * 7 % 256)]
    images = [Image.new("P", (width, height), n) for n in range(frames)]
    for image in images:
        image.putpalette(palette)
    first, *rest = images if format == "GIF" else [image.convert("RGB") for image in images]
    return encode(first, format, save_all=True, append_images=rest, duration=delay, loop=0)


def heic(width: int = 800, height: int = 600, *, gps: bool = False, seed: int = 0) -> bytes:
    exif = camera_exif(gps=gps, seed=seed).tobytes()
    return encode(scene(width, height, seed), "HEIF", quality=70, exif=exif)


def avif(width: int = 320, height: int = 240, *, seed: int = 0) -> bytes:
    exif = camera_exif(gps=True, seed=seed).tobytes()
    return encode(scene(width, height, seed), "AVIF", quality=60, speed=10, exif=exif)


def tiff(width: int = 640, height: int = 480, *, pages: int = 1, big: bool = False, seed: int = 0) -> bytes:
    """A TIFF as scanners write them; the camera's tags are in the file's own directory."""
    first, *rest = (scene(width, height, seed * 100 + n) for n in range(pages))
    exif = camera_exif(gps=True, seed=seed).tobytes()
    return encode(first, "TIFF", save_all=True, append_images=rest, exif=exif, big_tiff=big)


def bmp(width: int = 320, height: int = 240, *, seed: int = 0) -> bytes:
    return encode(scene(width, height, seed), "BMP")


def corrupt_jpeg(seed: int = 0) -> bytes:
    """A JPEG that begins well and breaks off in the middle of its pixels."""
    return truncated(photo_jpeg(800, 600, seed=seed), 0.5)


FORMATS: dict[str, Callable[[], bytes]] = {
    "image/jpeg": lambda: photo_jpeg(800, 600),
    "image/png": png,
    "image/webp": webp,
    "image/gif": animation,
    "image/heic": heic,
    "image/avif": avif,
    "image/tiff": tiff,
    "image/bmp": bmp,
    "image/svg+xml": svg,
}
"""One ordinary picture of each format, by the mime type that its bytes have."""

_QUALITY: dict[str, dict[str, object]] = {"JPEG": {"quality": 92, "subsampling": 0}, "WEBP": {"quality": 95}}


def encode(image: Image.Image, format: str, **options: object) -> bytes:
    """The bytes of a file in one of Pillow's formats, or `HEIF`."""
    out = io.BytesIO()
    if format == "HEIF":
        pillow_heif.from_pillow(image).save(out, **options)
    else:
        image.save(out, format, **options)
    return out.getvalue()


def _as_stored(upright: Image.Image, orientation: int) -> Image.Image:
    turn = _TO_STORED.get(orientation)
    return upright if turn is None else upright.transpose(turn)


def _nearest(pixel: object) -> str:
    assert isinstance(pixel, tuple)
    return min(CORNERS, key=lambda name: sum((a - b) ** 2 for a, b in zip(CORNERS[name], pixel, strict=True)))
