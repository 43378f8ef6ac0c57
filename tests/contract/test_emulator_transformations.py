"""What the local Cloudflare Images makes of a picture, judged on decoded pixels."""

import pytest
from PIL import Image, ImageDraw

from tests.contract.drawing import CHROME, RED, WHITE, encoded, stripes
from tests.support import photos
from tests.support.pixels import decoded, near


@pytest.fixture(scope="module")
def cutout(emulator):
    """A green disc on nothing."""
    image = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((50, 0, 250, 200), fill=(0, 160, 0, 255))
    return emulator.uploaded(encoded(image), type="image/png")


@pytest.mark.parametrize(
    ("options", "size", "corners"),
    [
        ("public", (1080, 720), "rgby"),
        ("w=500", (500, 333), "rgby"),
        ("w=500,h=500", (500, 333), "rgby"),
        ("w=1296,h=1296,fit=contain", (1296, 864), "rgby"),
        ("w=300,h=300,fit=cover", (300, 300), "rgby"),
        ("w=300,h=300,fit=cover,g=left", (300, 300), "rgby"),
        ("w=100,h=300,fit=cover,g=left", (100, 300), "rrbb"),
        ("w=100,h=300,fit=cover,g=right", (100, 300), "ggyy"),
        ("w=300,h=60,fit=cover,g=top", (300, 60), "rgrg"),
        ("w=300,h=60,fit=cover,g=0.5x0.9", (300, 60), "byby"),
        ("w=300,h=60,fit=cover,g=auto", (300, 60), None),
        ("w=2000,h=300,fit=crop", (1080, 300), "rgby"),
        ("w=1080,h=540,fit=squeeze", (1080, 540), "rgby"),
        ("w=1920,h=1120,fit=aspect-crop", (1080, 630), "rgby"),
        ("w=100,flip=h", (100, 67), "gryb"),
        ("w=100,flip=v", (100, 67), "byrg"),
        ("w=100,flip=hv", (100, 67), "ybgr"),
        ("h=108,rotate=90", (72, 108), "bryg"),
        ("h=108,rotate=270", (72, 108), "gyrb"),
        ("w=108,rotate=180", (108, 72), "ybgr"),
        ("flip=h,rotate=90,w=72", (72, 108), "ygbr"),
        ("trim=360;0;0;0", (1080, 360), "byby"),
        ("trim=0;540;0;0,w=100", (100, 133), "rrbb"),
        ("w=100,dpr=2", (200, 133), "rgby"),
        ("public/width=400", (400, 267), "rgby"),
        ("width=400", (400, 267), "rgby"),
    ],
)
@pytest.mark.parametrize("accept", ["*/*", CHROME])
def test_sizes_and_places(emulator, quadrants, options, size, corners, accept):
    image = decoded(emulator.deliver(quadrants, options, accept))
    assert image.size == size
    if corners:
        assert "".join(name[0] for name in photos.corners_of(image)) == corners


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_gone(emulator, orientation):
    image_id = emulator.uploaded(photos.quadrants(orientation, width=120, height=80))
    for options in ("public", "w=60", "metadata=keep", "trim=0;0;2;0,metadata=keep", "f=webp"):
        image = decoded(emulator.deliver(image_id, options))
        assert image.width > image.height
        assert photos.corners_of(image) == tuple(photos.CORNERS)
        assert image.getexif().get(0x0112, 1) == 1
    described = emulator.deliver(image_id, "f=json").json()
    assert (described["width"], described["height"]) == (120, 80)


def test_transparency_stays_or_is_laid_on_a_colour(emulator, cutout):
    for accept, format in (("*/*", "PNG"), (CHROME, "WEBP")):
        image = decoded(emulator.deliver(cutout, "w=150", accept))
        assert (image.format, image.mode) == (format, "RGBA")
        assert image.getpixel((1, 1))[3] == 0
        assert near(image, (0.5, 0.5), (0, 160, 0, 255))
    for options, corner in (
        ("f=jpeg", WHITE),
        ("background=red", (255, 0, 0)),
        ("f=jpeg,background=%2300f", (0, 0, 255)),
    ):
        image = decoded(emulator.deliver(cutout, options))
        assert near(image, (0.01, 0.01), corner)
        assert near(image, (0.5, 0.5), (0, 160, 0))
    half = decoded(emulator.deliver(cutout, "background=rgba(255,0,0,0.5)"))
    assert near(half, (0.01, 0.01), (255, 0, 0, 128))


def test_pad_fills_with_white_or_the_colour(emulator, quadrants, cutout):
    for image_id, options, corner in (
        (quadrants, "w=200,h=400,fit=pad", WHITE),
        (quadrants, "w=200,h=400,fit=pad,background=%23808080", (128, 128, 128)),
        (cutout, "w=200,h=400,fit=pad", WHITE),
    ):
        image = decoded(emulator.deliver(image_id, options))
        assert image.size == (200, 400)
        assert near(image, (0.5, 0.02), corner)
        assert near(image, (0.5, 0.98), corner)
    assert near(decoded(emulator.deliver(quadrants, "w=200,h=400,fit=pad")), (0.2, 0.4), RED)


@pytest.mark.parametrize(
    ("options", "grey", "expected"),
    [
        ("brightness=2", (60, 60, 60), (120, 120, 120)),
        ("brightness=0", (60, 60, 60), (60, 60, 60)),
        ("contrast=2", (100, 100, 100), (72, 72, 72)),
        ("gamma=2", (64, 64, 64), (128, 128, 128)),
        ("saturation=0", (255, 0, 0), (54, 54, 54)),
        ("saturation=2", (120, 120, 120), (120, 120, 120)),
        ("blur=20", (60, 90, 120), (60, 90, 120)),
        ("sharpen=5", (60, 90, 120), (60, 90, 120)),
    ],
)
def test_adjustments(emulator, options, grey, expected):
    image_id = emulator.uploaded(encoded(Image.new("RGB", (40, 40), grey)), type="image/png")
    assert near(decoded(emulator.deliver(image_id, options)), (0.5, 0.5), expected, 6)


def test_blur_and_sharpen_do_what_they_say(emulator):
    image_id = emulator.uploaded(encoded(stripes(300, 100)), type="image/png")
    soft = decoded(emulator.deliver(image_id, "blur=40"))
    assert not near(soft, (0.32, 0.5), (255, 0, 0))
    grey = Image.new("RGB", (100, 100), (100, 100, 100))
    ImageDraw.Draw(grey).rectangle((50, 0, 100, 100), fill=(150, 150, 150))
    image_id = emulator.uploaded(encoded(grey), type="image/png")
    crisp = decoded(emulator.deliver(image_id, "sharpen=5"))
    assert crisp.getpixel((49, 50))[0] < 97
    assert crisp.getpixel((50, 50))[0] > 153


@pytest.mark.parametrize(
    ("options", "size", "corners"),
    [
        ("flip=v", (3000, 2000), "byrg"),
        ("rotate=90", (2000, 3000), "bryg"),
        ("w=1000,h=2000,fit=cover,g=auto", (1000, 2000), None),
        ("trim=1000;0;0;0", (3000, 1000), "byby"),
        ("h=2000,w=3000,fit=squeeze,flip=hv,sharpen=1,blur=3", (3000, 2000), "ybgr"),
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_pictures_larger_than_any_buffer(emulator, large, format, options, size, corners):
    """libvips decodes from top to bottom; what turns a picture round must not ask for the end first."""
    image = decoded(emulator.deliver(large[format], options))
    assert image.size == size
    if corners:
        assert "".join(name[0] for name in photos.corners_of(image)) == corners


@pytest.fixture(scope="module")
def large(emulator):
    made = {}
    for format in ("JPEG", "PNG", "WEBP"):
        data = photos.quadrants(width=3000, height=2000, format=format)
        made[format] = emulator.uploaded(data, type=f"image/{format.lower()}")
    return made
