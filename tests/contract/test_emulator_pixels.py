"""Transformations as tables, each judged on the decoded pixels: where they come from and what colour they have."""

import io

import pytest
from PIL import Image, ImageCms

from tests.support import photos
from tests.support.pixels import decoded, near

WIDTH, HEIGHT = 1080, 720


def png(image: Image.Image, **options) -> bytes:
    return photos.encode(image, "PNG", **options)


def ramp(width: int, height: int) -> Image.Image:
    """A map of itself: red is the share of the width in 255ths, green that of the height, blue is 128."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, Image.new("L", (width, height), 128)))


def came_from(image: Image.Image, at: tuple[float, float]) -> tuple[float, float]:
    """Which place (0-1 each way) of the ramp is shown at a place of the picture."""
    red, green, _ = image.convert("RGB").getpixel((int((image.width - 1) * at[0]), int((image.height - 1) * at[1])))
    return red / 255, green / 255


@pytest.fixture(scope="module")
def map_of_itself(emulator):
    return emulator.uploaded(png(ramp(WIDTH, HEIGHT)), type="image/png")


WHOLE = (0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("options", "size", "shown"),
    [
        # What Cloudflare's documents work out for a picture of 1080 x 720.
        ("w=500,h=500,fit=scale-down", (500, 333), WHOLE),
        ("w=500,h=500,fit=cover", (500, 500), (1 / 6, 0.0, 5 / 6, 1.0)),
        ("w=1296,h=1296,fit=crop", (1080, 720), WHOLE),
        ("w=1080,h=540,fit=squeeze", (1080, 540), WHOLE),
        # Enlarging, and what must not enlarge.
        ("w=2160,fit=scale-down", (1080, 720), WHOLE),
        ("w=1296,h=1296,fit=contain", (1296, 864), WHOLE),
        ("w=1296,h=1296,fit=cover", (1296, 1296), (1 / 6, 0.0, 5 / 6, 1.0)),
        ("w=500,h=500,fit=crop", (500, 500), (1 / 6, 0.0, 5 / 6, 1.0)),
        ("w=1000,h=1000,fit=aspect-crop", (720, 720), (1 / 6, 0.0, 5 / 6, 1.0)),
        # Where a cut comes from.
        ("w=360,h=360,fit=cover,gravity=left", (360, 360), (0.0, 0.0, 2 / 3, 1.0)),
        ("w=360,h=360,fit=cover,gravity=right", (360, 360), (1 / 3, 0.0, 1.0, 1.0)),
        ("w=360,h=120,fit=cover,gravity=top", (360, 120), (0.0, 0.0, 1.0, 0.5)),
        ("w=360,h=120,fit=cover,gravity=bottom", (360, 120), (0.0, 0.5, 1.0, 1.0)),
        ("w=360,h=360,fit=cover,gravity=0x0", (360, 360), (0.0, 0.0, 2 / 3, 1.0)),
        ("w=360,h=360,fit=cover,gravity=1x1", (360, 360), (1 / 3, 0.0, 1.0, 1.0)),
        ("w=360,h=360,fit=cover,gravity=0.45x0.5", (360, 360), (0.45 - 1 / 3, 0.0, 0.45 + 1 / 3, 1.0)),
        ("w=1080,h=144,fit=crop,gravity=0.5x0.3", (1080, 144), (0.0, 0.2, 1.0, 0.4)),
        ("w=360,h=60,fit=aspect-crop,gravity=top", (360, 60), (0.0, 0.0, 1.0, 0.25)),
        # Trimming comes first; dpr makes everything larger, trimming too.
        ("trim=72;108;144;216", (756, 504), (0.2, 0.1, 0.9, 0.8)),
        ("trim=72;108;144;216,w=378", (378, 252), (0.2, 0.1, 0.9, 0.8)),
        ("trim.left=540,trim.top=360,trim.width=270,trim.height=180", (270, 180), (0.5, 0.5, 0.75, 0.75)),
        ("trim.left=540,w=270", (270, 360), (0.5, 0.0, 1.0, 1.0)),
        ("trim=36;54;72;108,w=189,dpr=2", (378, 252), (0.2, 0.1, 0.9, 0.8)),
        ("trim=0;540;0;0,w=270,h=270,fit=cover,gravity=bottom", (270, 270), (0.0, 0.25, 0.5, 1.0)),
        # Density.
        ("w=100,dpr=1.5", (150, 100), WHOLE),
        ("w=180,h=180,fit=cover,dpr=2", (360, 360), (1 / 6, 0.0, 5 / 6, 1.0)),
        ("w=1000,dpr=2", (1080, 720), WHOLE),
        # Flip, then rotate; width and height are those of the result.
        ("w=540,flip=h", (540, 360), (1.0, 0.0, 0.0, 1.0)),
        ("w=540,flip=v", (540, 360), (0.0, 1.0, 1.0, 0.0)),
        ("w=540,rotate=180", (540, 360), (1.0, 1.0, 0.0, 0.0)),
        ("w=540,flip=hv,rotate=180", (540, 360), WHOLE),
        ("w=60,h=40,fit=cover,rotate=180,gravity=top", (60, 40), (1.0, 1.0, 0.0, 0.0)),
        ("w=120,h=360,fit=cover,gravity=left,flip=h", (120, 360), (2 / 9, 0.0, 0.0, 1.0)),
    ],
)
@pytest.mark.parametrize("format", ["auto", "webp"])
def test_every_pixel_comes_from_its_place(emulator, map_of_itself, options, size, shown, format):
    image = decoded(emulator.deliver(map_of_itself, f"{options},format={format}"))
    assert image.size == size
    first, last = came_from(image, (0.02, 0.02)), came_from(image, (0.98, 0.98))
    left, top, right, bottom = shown
    wanted = [left + 0.02 * (right - left), top + 0.02 * (bottom - top)]
    wanted += [right - 0.02 * (right - left), bottom - 0.02 * (bottom - top)]
    assert (*first, *last) == pytest.approx(wanted, abs=0.03)


@pytest.mark.parametrize(
    ("rotate", "corner"), [(90, (0.02, 0.98)), (270, (0.98, 0.02))], ids=["clockwise", "anticlockwise"]
)
def test_a_quarter_turn(emulator, map_of_itself, rotate, corner):
    """What is shown at the top left was at the bottom left, or at the top right."""
    image = decoded(emulator.deliver(map_of_itself, f"h=540,rotate={rotate}"))
    assert image.size == (360, 540)
    assert came_from(image, (0.02, 0.02)) == pytest.approx(corner, abs=0.02)


@pytest.mark.parametrize(
    ("box", "bars"),
    [((1080, 1080), "top and bottom"), ((1440, 480), "left and right"), ((540, 360), "none")],
)
def test_pad_centres_the_picture(emulator, map_of_itself, box, bars):
    image = decoded(emulator.deliver(map_of_itself, f"w={box[0]},h={box[1]},fit=pad,background=red"))
    assert image.size == box
    assert near(image, (0.5, 0.01), (255, 0, 0)) is (bars == "top and bottom")
    assert near(image, (0.5, 0.99), (255, 0, 0)) is (bars == "top and bottom")
    assert near(image, (0.01, 0.5), (255, 0, 0)) is (bars == "left and right")
    assert near(image, (0.99, 0.5), (255, 0, 0)) is (bars == "left and right")
    assert came_from(image, (0.5, 0.5)) == pytest.approx((0.5, 0.5), abs=0.02)


def test_the_documented_aspect_crop(emulator):
    image_id = emulator.uploaded(png(ramp(612, 613)), type="image/png")
    image = decoded(emulator.deliver(image_id, "w=1920,h=1120,fit=aspect-crop"))
    assert image.size == (612, 357)
    assert came_from(image, (0.5, 0.5)) == pytest.approx((0.5, 0.5), abs=0.02)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3)])
@pytest.mark.parametrize(
    "options", ["w=10", "w=10,h=10,fit=cover", "w=10,h=10,fit=pad", "rotate=90", "blur=250", "h=1"]
)
def test_the_smallest_pictures(emulator, size, options):
    image_id = emulator.uploaded(png(Image.new("RGB", size, (10, 200, 30))), type="image/png")
    image = decoded(emulator.deliver(image_id, options))
    assert near(image, (0.45, 0.45), (10, 200, 30))


def test_a_transparent_neighbour_lends_no_colour(emulator):
    """What nobody sees is bright green; half a red picture must shrink to red, however it is resampled."""
    image = Image.new("RGBA", (300, 300), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 151, 300))
    film = photos.encode(image, "WEBP", save_all=True, append_images=[image.rotate(90)], lossless=True, exact=True)
    for data, type in ((png(image), "image/png"), (film, "image/webp")):
        image_id = emulator.uploaded(data, type=type)
        small = decoded(emulator.deliver(image_id, "w=20,f=auto", "image/webp")).convert("RGBA")
        assert small.getpixel((2, 2)) == pytest.approx((255, 0, 0, 255), abs=12)
        edges = [small.getpixel((x, 10)) for x in range(20)]
        assert all(red > green for red, green, _, alpha in edges if alpha > 40), edges
        assert small.getpixel((17, 10))[3] < 12


@pytest.mark.parametrize("options", ["brightness=1.5", "contrast=1.5", "saturation=0", "sharpen=2", "gamma=1.4"])
def test_adjustments_leave_transparency_alone(emulator, options):
    image_id = emulator.uploaded(png(Image.new("RGBA", (30, 30), (90, 80, 70, 128))), type="image/png")
    image = decoded(emulator.deliver(image_id, options))
    assert (image.mode, image.getpixel((15, 15))[3]) == ("RGBA", 128)


def test_more_blur_is_softer(emulator):
    edge = Image.new("L", (400, 40))
    edge.paste(255, (200, 0, 400, 40))
    image_id = emulator.uploaded(png(edge), type="image/png")
    widths = []
    for blur in (1, 5, 20, 60):
        row = decoded(emulator.deliver(image_id, f"blur={blur}")).convert("L").crop((0, 20, 400, 21)).tobytes()
        widths.append(sum(10 < level < 245 for level in row))
    assert widths == sorted(set(widths))


def test_a_display_p3_picture_has_the_colours_of_srgb(emulator):
    """Against lcms over Pillow: the primaries of P3 in an otherwise sRGB profile."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {
        bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12)
    }
    primaries = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    for tag, xyz in primaries.items():
        start = int.from_bytes(profile[tags[tag] + 4 : tags[tag] + 8], "big") + 8
        profile[start : start + 12] = b"".join(round(v * 65536).to_bytes(4, "big", signed=True) for v in xyz)
    p3 = ImageCms.ImageCmsProfile(io.BytesIO(bytes(profile)))
    for colour in ((200, 60, 40), (40, 190, 60), (30, 60, 200), (128, 128, 128)):
        image = Image.new("RGB", (40, 40), colour)
        expected = ImageCms.profileToProfile(image, p3, ImageCms.createProfile("sRGB")).getpixel((0, 0))
        assert colour == (128, 128, 128) or max(abs(a - b) for a, b in zip(colour, expected, strict=True)) > 8
        for data, type in (
            (png(image, icc_profile=bytes(profile)), "image/png"),
            (photos.encode(image, "JPEG", icc_profile=bytes(profile), quality=98), "image/jpeg"),
            (photos.encode(image, "WEBP", icc_profile=bytes(profile), lossless=True), "image/webp"),
        ):
            image_id = emulator.uploaded(data, type=type)
            for options in ("w=20", "w=20,h=20,fit=cover,f=webp,q=100"):
                delivered = decoded(emulator.deliver(image_id, options))
                assert near(delivered, (0.5, 0.5), expected, 5), (options, type)
                assert "icc_profile" not in delivered.info


def film(format: str, **options) -> bytes:
    """Four frames: a white square that walks from the left to the right over blue."""
    frames = []
    for n in range(4):
        frame = Image.new("RGB", (80, 40), (0, 0, 160))
        frame.paste((255, 255, 255), (n * 20, 10, n * 20 + 20, 30))
        frames.append(frame)
    return photos.encode(frames[0], format, save_all=True, append_images=frames[1:], duration=120, **options)


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
@pytest.mark.parametrize(
    ("options", "size", "squares"),
    [
        ("w=40", (40, 20), [(5, 10), (15, 10), (25, 10), (35, 10)]),
        ("w=160,fit=contain", (160, 80), [(20, 40), (60, 40), (100, 40), (140, 40)]),
        ("w=40,flip=h", (40, 20), [(35, 10), (25, 10), (15, 10), (5, 10)]),
        ("h=40,rotate=90", (20, 40), [(10, 5), (10, 15), (10, 25), (10, 35)]),
        ("trim=0;0;0;20", (60, 40), [None, (10, 20), (30, 20), (50, 20)]),
        ("w=60,h=40,fit=cover,gravity=left", (60, 40), [(10, 20), (30, 20), (50, 20), None]),
        ("w=80,h=80,fit=pad,background=black", (80, 80), [(10, 40), (30, 40), (50, 40), (70, 40)]),
    ],
)
def test_every_frame_is_transformed_alike(emulator, format, options, size, squares):
    image_id = emulator.uploaded(film(format, loop=3), type=f"image/{format.lower()}")
    for accept in ("*/*", "image/webp"):
        image = decoded(emulator.deliver(image_id, options, accept))
        again = 4 if format == "GIF" and accept != "*/*" else 3  # GIF counts repetitions, WebP how often in all
        assert (image.size, image.n_frames, image.info.get("loop")) == (size, 4, again)
        for n, square in enumerate(squares):
            image.seek(n)
            frame = image.convert("RGB")
            assert image.info["duration"] == 120
            bright = [
                (x, y) for x in range(frame.width) for y in range(frame.height) if min(frame.getpixel((x, y))) > 200
            ]
            if square is None:
                assert not bright
            else:
                middle = (sum(x for x, _ in bright) / len(bright), sum(y for _, y in bright) / len(bright))
                assert middle == pytest.approx(square, abs=1.5)


@pytest.mark.parametrize(
    ("options", "described"),
    [
        ("f=json", (1080, 720)),
        ("w=500,h=500,f=json", (500, 333)),
        ("w=100,dpr=2,f=json", (200, 133)),
        ("h=100,rotate=90,f=json", (67, 100)),
        ("w=300,h=200,fit=pad,f=json", (300, 200)),
        ("trim=0;80;20;0,f=json", (1000, 700)),
    ],
)
def test_json_says_what_would_come(emulator, map_of_itself, options, described):
    answer = emulator.deliver(map_of_itself, options)
    told = answer.json()
    assert (told["width"], told["height"]) == described
    assert decoded(emulator.deliver(map_of_itself, options.replace("f=json", "f=auto"))).size == described
    assert (told["original"]["width"], told["original"]["height"]) == (WIDTH, HEIGHT)
    assert told["original"]["format"] == "image/png"


def test_quality_on_png_makes_a_palette_and_fast_makes_baseline(emulator, map_of_itself):
    assert decoded(emulator.deliver(map_of_itself, "w=100")).mode == "RGB"
    assert decoded(emulator.deliver(map_of_itself, "w=100,q=50")).mode == "P"
    assert not decoded(emulator.deliver(map_of_itself, "w=100,f=jpeg,compression=fast")).info.get("progressive")


@pytest.mark.parametrize(("width", "height", "progressive"), [(40, 40, False), (60, 60, True), (40, 60, True)])
def test_small_jpegs_are_not_progressive(emulator, map_of_itself, width, height, progressive):
    image = decoded(emulator.deliver(map_of_itself, f"w={width},h={height},fit=squeeze,f=jpeg"))
    assert bool(image.info.get("progressive")) is progressive
