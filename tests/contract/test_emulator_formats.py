"""In which format, colours and with which metadata the local Cloudflare Images delivers."""

import pytest
from PIL import Image, ImageCms

from tests.contract.drawing import BLUE, CHROME, GREEN, RED, encoded
from tests.support import photos
from tests.support.pixels import decoded, near


@pytest.mark.parametrize(
    ("options", "accept", "format"),
    [
        ("w=50", "*/*", "JPEG"),
        ("w=50", "image/*", "JPEG"),
        ("w=50", CHROME, "WEBP"),
        ("w=50", "image/avif", "JPEG"),
        ("w=50,f=webp", "", "WEBP"),
        ("w=50,f=avif", "", "AVIF"),
        ("w=50,f=baseline-jpeg", CHROME, "JPEG"),
        ("w=50,f=auto", "image/webp;q=0", "JPEG"),
    ],
)
def test_format_follows_accept_and_says_that_it_varies(emulator, quadrants, options, accept, format):
    answer = emulator.deliver(quadrants, options, accept)
    image = decoded(answer)
    assert (image.format, answer.headers["vary"]) == (format, "Accept")
    assert photos.corners_of(image) == tuple(photos.CORNERS)


def test_jpeg_is_progressive_unless_asked_otherwise(emulator, quadrants):
    assert decoded(emulator.deliver(quadrants, "w=200")).info.get("progressive")
    assert not decoded(emulator.deliver(quadrants, "w=200,f=baseline-jpeg")).info.get("progressive")


def test_quality_changes_the_size_of_the_file(emulator):
    image_id = emulator.uploaded(photos.photo_jpeg(800, 600))
    sizes = [len(emulator.deliver(image_id, f"w=400,q={q}").content) for q in ("low", "70", "high")]
    assert sizes == sorted(set(sizes))


def test_colour_profiles_are_applied(emulator):
    """A profile with red and blue swapped, so that ignoring it cannot go unseen."""
    image = Image.new("RGB", (40, 40), (200, 30, 30))
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    places = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, blue = (slice(places[tag] + 4, places[tag] + 12) for tag in (b"rXYZ", b"bXYZ"))
    profile[red], profile[blue] = profile[blue], profile[red]
    for format, type in (("JPEG", "image/jpeg"), ("PNG", "image/png")):
        image_id = emulator.uploaded(encoded(image, format, icc_profile=bytes(profile)), type=type)
        for options in ("public", "w=20", "f=webp"):
            delivered = decoded(emulator.deliver(image_id, options))
            assert near(delivered, (0.5, 0.5), (30, 30, 200)), options


def test_cmyk_and_grey_and_deep_pictures_become_srgb(emulator):
    cmyk = encoded(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG")
    assert near(decoded(emulator.deliver(emulator.uploaded(cmyk), "public")), (0.5, 0.5), (237, 28, 36), 60)
    for mode, level in (("L", 77), ("I;16", 77 * 257)):
        image_id = emulator.uploaded(encoded(Image.new(mode, (40, 40), level)), type="image/png")
        for options in ("public", "w=20"):
            assert near(decoded(emulator.deliver(image_id, options)), (0.5, 0.5), (77, 77, 77), 3)


@pytest.mark.parametrize(
    ("options", "make", "notice", "gps"),
    [
        ("metadata=keep", "Aeontel", "© Ada", True),
        ("w=50", None, "© Ada", False),
        ("metadata=copyright", None, "© Ada", False),
        ("metadata=none", None, None, False),
        ("public", None, None, False),
        ("metadata=keep,f=webp", None, None, False),
    ],
)
def test_metadata(emulator, options, make, notice, gps):
    exif = photos.camera_exif(gps=True)
    exif[0x8298] = "© Ada".encode()
    image_id = emulator.uploaded(encoded(photos.scene(100, 80), "JPEG", exif=exif))
    found = decoded(emulator.deliver(image_id, options)).getexif()
    text = found.get(0x8298)
    assert found.get(0x010F) == make
    assert (text.encode("latin-1").decode() if text else None) == notice
    assert (0x8825 in found) is gps


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_animations_keep_frames_and_time(emulator, format):
    frames = [Image.new("RGB", (60, 40), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)
    image_id = emulator.uploaded(data, type=f"image/{format.lower()}")
    for options, accept, size in (
        ("w=30", "*/*", (30, 20)),
        ("w=30,h=30,fit=pad", CHROME, (30, 30)),
        ("h=40,rotate=90", "*/*", (27, 40)),
        ("w=20,h=20,fit=cover", CHROME, (20, 20)),
    ):
        image = decoded(emulator.deliver(image_id, options, accept))
        assert image.format == ("WEBP" if accept == CHROME else format)
        assert (image.n_frames, image.size) == (3, size)
        for n, (colour, time_shown) in enumerate(zip((RED, GREEN, BLUE), (100, 200, 300), strict=True)):
            image.seek(n)
            image.load()
            assert near(image, (0.5, 0.5), colour), (options, n)
            assert image.info["duration"] == time_shown
    for still in ("w=30,anim=false", "w=30,f=jpeg"):
        image = decoded(emulator.deliver(image_id, still))
        assert getattr(image, "n_frames", 1) == 1
        assert near(image, (0.5, 0.5), RED)
