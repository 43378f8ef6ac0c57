"""What comes in as a picture comes out as one that Cloudflare takes, the right way up and without a place on earth."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pyvips
from PIL import Image

from images_app.core.media import limits
from images_app.core.media.base import Prepared
from images_app.core.media.inspection import prepare
from images_app.core.media.raster import open_picture
from images_app.errors import ImageDamaged, ImageTooLarge, NotAnImage, SvgRefused
from tests.support import photos

CONVERTED = ("image/heic", "image/avif", "image/tiff", "image/bmp")
ALL = range(1, 9)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path


def prepared(folder: Path, data: bytes) -> Prepared:
    (folder / "source").write_bytes(data)
    return prepare(folder / "source", folder / "out")


def opened(result: Prepared) -> Image.Image:
    """The derivative as an independent reader sees it."""
    assert result.derivative is not None
    image = Image.open(io.BytesIO(result.derivative.read_bytes()))
    image.load()
    assert Image.MIME[image.format or ""] == result.derivative_mime
    return image


@pytest.mark.parametrize("mime", ["image/jpeg", "image/png", "image/webp", "image/gif"])
def test_what_cloudflare_takes_is_passed_as_it_is(folder: Path, mime: str) -> None:
    result = prepared(folder, photos.FORMATS[mime]())
    assert (result.derivative, result.derivative_mime) == (None, None)
    assert result.info.mime == mime
    assert result.info.thumbhash
    assert list((folder / "out").iterdir()) == []


def test_a_photograph_tells_its_size_camera_and_moment(folder: Path) -> None:
    info = prepared(folder, photos.photo_jpeg(seed=1, orientation=6)).info
    assert (info.width, info.height) == (4000, 3000)
    assert info.exif is not None
    assert (info.exif["Model"], info.exif["FNumber"], info.exif["Orientation"]) == ("Testphone 4", 1.8, 6)
    assert info.taken_at == datetime(2024, 6, 1, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize("mime", CONVERTED)
def test_other_formats_become_a_jpeg_of_the_same_picture(folder: Path, mime: str) -> None:
    data = photos.FORMATS[mime]()
    result = prepared(folder, data)
    image = opened(result)
    assert (result.info.mime, result.derivative_mime) == (mime, "image/jpeg")
    assert image.size == (result.info.width, result.info.height)
    expected = photos.scene(*image.size).resize((4, 3), Image.Resampling.BOX).get_flattened_data()
    for seen, meant in zip(image.resize((4, 3), Image.Resampling.BOX).get_flattened_data(), expected, strict=True):
        assert seen == pytest.approx(meant, abs=8)


@pytest.mark.parametrize("data", [photos.heic(gps=True), photos.avif(), photos.tiff()], ids=["heic", "avif", "tiff"])
def test_a_derivative_carries_no_metadata_and_the_original_keeps_its_own(folder: Path, data: bytes) -> None:
    result = prepared(folder, data)
    image = opened(result)
    assert result.derivative is not None
    assert dict(image.getexif()) == {}
    assert "xmp" not in image.info
    assert b"Aeontel" in data
    assert b"Aeontel" not in result.derivative.read_bytes()
    assert result.info.exif is not None
    assert result.info.exif["Make"] == "Aeontel"
    assert result.info.taken_at == datetime(2024, 6, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_every_orientation_is_seen_upright(folder: Path, format: str, orientation: int) -> None:
    (folder / "source").write_bytes(photos.quadrants(orientation, format=format))
    picture = open_picture(folder / "source", f"image/{format.lower()}")
    pixels = picture.pixels(60, 60)
    assert picture.displayed == (120, 80)
    assert photos.corners_of(_pillow(pixels)) == tuple(photos.CORNERS)
    assert prepare(folder / "source", folder).info.width == 120


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("format", ["TIFF", "HEIF", "AVIF"])
def test_every_orientation_is_upright_in_the_derivative(folder: Path, format: str, orientation: int) -> None:
    result = prepared(folder, photos.quadrants(orientation, format=format))
    image = opened(result)
    assert image.size == (result.info.width, result.info.height) == (120, 80)
    assert photos.corners_of(image) == tuple(photos.CORNERS)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_is_none_is_ignored(folder: Path, orientation: int) -> None:
    info = prepared(folder, photos.quadrants(orientation)).info
    assert (info.width, info.height) == (120, 80)


def test_too_many_bytes_make_a_derivative_within_the_limit(folder: Path) -> None:
    data = photos.encode(
        photos.noise(2600, 2000), "JPEG", quality=100, subsampling=0, exif=photos.camera_exif(gps=True)
    )
    assert len(data) > limits.MAX_BYTES
    result = prepared(folder, data)
    image = opened(result)
    assert result.derivative is not None
    assert result.derivative.stat().st_size <= limits.MAX_BYTES
    assert image.width / image.height == pytest.approx(1.3, abs=0.01)
    assert (result.info.width, result.info.height) == (2600, 2000)
    assert dict(image.getexif()) == {}


def test_transparency_survives_in_a_derivative(folder: Path) -> None:
    image = photos.noise(2200, 1600).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 1100, 1600))
    result = prepared(folder, photos.encode(image, "TIFF"))
    seen = opened(result).convert("RGBA")
    assert result.derivative_mime == "image/webp"
    assert seen.getpixel((100, 100))[3] == 0
    assert seen.getpixel((seen.width - 100, 100))[3] == 255


@pytest.mark.parametrize(("width", "height"), [(12_500, 40), (40, 12_001), (1, 65_000)])
def test_a_long_side_is_scaled_to_the_limit(folder: Path, width: int, height: int) -> None:
    result = prepared(folder, photos.encode(Image.new("RGB", (width, height), "teal"), "PNG"))
    image = opened(result)
    assert max(image.size) == limits.MAX_SIDE
    assert (result.info.width, result.info.height) == (width, height)


def test_a_size_at_the_limit_is_passed(folder: Path) -> None:
    assert prepared(folder, photos.encode(Image.new("RGB", (12_000, 8)), "PNG")).derivative is None


def test_a_pixel_flood_is_refused_by_its_header(folder: Path) -> None:
    with pytest.raises(ImageTooLarge, match="900 megapixels"):
        prepared(folder, photos.flood_png(30_000))


def test_a_lying_header_is_damage(folder: Path) -> None:
    data = bytearray(photos.flood_png(400))
    data[16:20] = (9000).to_bytes(4, "big")
    with pytest.raises(ImageDamaged):
        prepared(folder, bytes(data))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("mime", [m for m in photos.FORMATS if m != "image/svg+xml"])
def test_a_file_cut_short_is_damaged(folder: Path, mime: str, share: float) -> None:
    with pytest.raises(ImageDamaged) as caught:
        prepared(folder, photos.truncated(photos.FORMATS[mime](), share))
    assert str(folder) not in caught.value.detail


@pytest.mark.parametrize("mime", ["image/jpeg", "image/png", "image/webp", "image/gif"])
def test_bytes_behind_the_picture_do_no_harm(folder: Path, mime: str) -> None:
    assert prepared(folder, photos.FORMATS[mime]() + b"PK\x03\x04 and more").derivative is None


@pytest.mark.parametrize(
    "data", [photos.pdf(), photos.text_named_jpg()[1], b"x", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99)]
)
def test_what_is_no_picture_says_so(folder: Path, data: bytes) -> None:
    with pytest.raises(NotAnImage):
        prepared(folder, data)


@pytest.mark.parametrize("magic", [photos.FORMATS[m]()[:18] for m in photos.FORMATS if m != "image/svg+xml"])
def test_a_magic_number_alone_is_damage(folder: Path, magic: bytes) -> None:
    with pytest.raises(ImageDamaged):
        prepared(folder, magic + b"\xff" * 500)


def test_only_the_first_page_of_a_document_counts(folder: Path) -> None:
    result = prepared(folder, photos.tiff(60, 40, pages=3, seed=5))
    assert opened(result).size == (60, 40)


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_a_long_animation_is_made_smaller_and_still_moves(folder: Path, format: str) -> None:
    result = prepared(folder, photos.flicker(800, 600, frames=120, format=format))
    image = opened(result)
    frames = image.n_frames  # type: ignore[attr-defined]
    image.seek(5)
    image.load()
    assert (result.info.width, result.info.height) == (800, 600)
    assert frames == 120
    assert image.width * image.height * frames <= limits.MAX_ANIMATION
    assert image.width / image.height == pytest.approx(4 / 3, abs=0.02)
    assert image.info["duration"] == 70


def test_frames_without_end_become_a_still(folder: Path) -> None:
    result = prepared(folder, photos.gif_of(5000, 300, 300))
    image = opened(result)
    assert (result.derivative_mime, image.size) == ("image/jpeg", (300, 300))


def test_many_small_frames_are_passed(folder: Path) -> None:
    assert prepared(folder, photos.gif_of(5000, 60, 60)).derivative is None


def test_colours_of_a_wide_profile_are_converted(folder: Path) -> None:
    p3 = bytes(pyvips.Operation.call("profile_load", "p3"))
    image = Image.new("RGB", (40, 40), (200, 100, 50))
    seen = opened(prepared(folder, photos.encode(image, "TIFF", icc_profile=p3)))
    assert seen.getpixel((9, 9)) == pytest.approx((216, 93, 33), abs=3)
    assert "icc_profile" not in seen.info


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_profile_of_rubbish_does_no_harm(folder: Path, format: str) -> None:
    assert prepared(folder, photos.encode(photos.scene(40, 30), format, icc_profile=b"rubbish" * 50)).info.thumbhash


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "F", "I;16"])
def test_every_kind_of_pixel_is_read(folder: Path, mode: str) -> None:
    grey = photos.scene(60, 40).convert("L")
    image = grey.convert("F").convert(mode) if mode in ("F", "I;16") else grey.convert("RGB").convert(mode)
    result = prepared(folder, photos.encode(image, "TIFF"))
    assert opened(result).size == (60, 40)


def test_a_broken_exif_leaves_the_picture_alone(folder: Path) -> None:
    data = photos.encode(photos.scene(60, 40), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x9a\x82\5\0" * 900)
    info = prepared(folder, data).info
    assert (info.width, info.height, info.exif, info.taken_at) == (60, 40, None, None)


def test_a_drawing_is_provisioned_in_its_sanitised_form(folder: Path) -> None:
    result = prepared(folder, photos.hostile_svg())
    assert result.derivative is not None
    assert (result.info.width, result.info.height, result.derivative_mime) == (100, 100, "image/svg+xml")
    assert b"alert(1)" not in result.derivative.read_bytes()
    assert result.info.thumbhash


def test_a_drawing_that_cannot_be_made_safe_is_refused(folder: Path) -> None:
    with pytest.raises(SvgRefused):
        prepared(folder, photos.entity_bomb_svg())


def _pillow(image: pyvips.Image) -> Image.Image:
    return Image.frombytes("RGB", (image.width, image.height), bytes(image.write_to_memory()))
