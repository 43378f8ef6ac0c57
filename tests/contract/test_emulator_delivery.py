"""Delivery by the local Cloudflare Images, judged on decoded pixels."""

import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import httpx
import pytest
from PIL import Image, ImageCms, ImageDraw

from images_app.emulator.signatures import sign
from tests.support import photos
from tests.support.emulator import ACCOUNT_HASH
from tests.support.pixels import decoded, near

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
RED, GREEN, BLUE, YELLOW = photos.CORNERS.values()
WHITE = (255, 255, 255)


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def stripes(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red, white and blue from left to right."""
    image = Image.new(mode, (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 3 - 1, height), fill=(255, 0, 0))
    draw.rectangle((width * 2 // 3, 0, width, height), fill=(0, 0, 255))
    return image


@pytest.fixture(scope="module")
def quadrants(emulator):
    return emulator.uploaded(photos.quadrants(width=1080, height=720))


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


def test_svg_is_sanitised_and_never_resized(emulator):
    image_id = emulator.uploaded(photos.hostile_svg(), type="image/svg+xml")
    for tail in ("public", "w=10,f=jpeg"):
        answer = emulator.deliver(image_id, tail, CHROME)
        assert answer.headers["content-type"] == "image/svg+xml"
        assert "attachment" in answer.headers["content-disposition"]
        assert re.search(r"default-src 'none';.*sandbox", answer.headers["content-security-policy"])
        elements = list(ElementTree.fromstring(answer.content).iter())  # noqa: S314 - our own sanitiser's output
        names = {element.tag.rpartition("}")[2] for element in elements}
        assert {"svg", "rect"} <= names <= {"svg", "style", "a", "rect", "image", "use", "set"}
        attributes = [pair for element in elements for pair in element.attrib.items()]
        assert not [name for name, value in attributes if name.startswith("on") or name == "attributeName"]
        assert not [value for name, value in attributes if name.endswith("href") and ":" in value]
        assert "@import" not in answer.text
        assert "url(http" not in answer.text


def test_a_deeply_nested_svg_is_refused_at_once(emulator):
    data = b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g>" * 200_000 + b"</g>" * 200_000 + b"</svg>"
    assert emulator.upload(data, type="image/svg+xml").json()["errors"][0]["code"] == 9422


def test_an_svg_with_a_prefix_keeps_its_namespace(emulator):
    data = b'<s:svg xmlns:s="http://www.w3.org/2000/svg" viewBox="0 0 30 20"><s:rect width="9" height="9"/></s:svg>'
    image_id = emulator.uploaded(data, type="image/svg+xml")
    root = ElementTree.fromstring(emulator.deliver(image_id, "public").content)  # noqa: S314
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    described = emulator.deliver(image_id, "f=json").json()
    assert (described["width"], described["height"]) == (30, 20)


def test_an_entity_bomb_is_harmless(emulator):
    answer = emulator.upload(photos.entity_bomb_svg(), type="image/svg+xml")
    if answer.status_code == 200:
        assert len(emulator.deliver(answer.json()["result"]["id"], "public").content) < 10_000
    else:
        assert answer.json()["errors"][0]["code"] == 9422


def test_json_describes_without_pixels(emulator, quadrants):
    assert emulator.deliver(quadrants, "w=300,h=300,fit=cover,f=json").json() == {
        "width": 300,
        "height": 300,
        "original": {
            "file_size": len(photos.quadrants(width=1080, height=720)),
            "width": 1080,
            "height": 720,
            "format": "image/jpeg",
        },
    }


def test_headers_caching_and_304(emulator, quadrants):
    answer = emulator.deliver(quadrants, "w=123")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=172800, stale-while-revalidate=7200"
    assert answer.headers["cf-images"].startswith("internal=ok")
    tag = answer.headers["etag"]
    again = emulator.deliver(quadrants, "w=123", **{"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert emulator.deliver(quadrants, "w=124", **{"If-None-Match": tag}).status_code == 200
    assert emulator.deliver(quadrants, "w=123", CHROME).headers["etag"] != tag
    head = httpx.head(f"{emulator.delivery}/{quadrants}/w=123")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
    assert int(head.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("{hash}/{id}/nobody", 403, 9425),
        ("{hash}/{id}/w=0", 400, 9401),
        ("{hash}/{id}/nonsense=1", 400, 9401),
        ("{hash}/{id}/f=jpg", 400, 9401),
        ("{hash}/{id}/g=face", 400, 9401),
        ("{hash}/{id}/nobody/w=400", 404, 9404),
        ("{hash}/{id}/w=12000,h=12000,fit=cover", 403, 9413),
        ("{hash}/nobody/public", 404, 9404),
        ("{hash}/..%2F..%2Fimages.db/public", 404, 9404),
        ("{hash}/{id}", 400, 9432),
        ("{hash}//public", 400, 9432),
        ("other/{id}/public", 403, 9427),
    ],
)
def test_refusals_are_text_with_a_number(emulator, quadrants, path, status, code):
    answer = httpx.get(f"{emulator.url}/imagedelivery/" + path.format(hash=ACCOUNT_HASH, id=quadrants))
    assert answer.status_code == status
    assert answer.text.startswith(f"ERROR {code}: ")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cf-images"] == f"err={code}"
    assert answer.headers["cache-control"] == "no-store"


def test_the_zone_path_delivers_too(emulator, quadrants):
    answer = httpx.get(f"{emulator.url}/cdn-cgi/imagedelivery/{ACCOUNT_HASH}/{quadrants}/public")
    assert decoded(answer).size == (1080, 720)


def test_the_switch_turns_flexible_variants_off(emulator, quadrants):
    config = f"{emulator.account}/v1/config"
    try:
        changed = emulator.http.patch(config, json={"flexible_variants": False, "browser_ttl": 3600}).json()["result"]
        assert changed == {"flexible_variants": False, "browser_ttl": 3600}
        assert emulator.deliver(quadrants, "w=50").headers["cf-images"] == "err=9429"
        assert "max-age=3600" in emulator.deliver(quadrants, "public").headers["cache-control"]
    finally:
        emulator.http.patch(config, json={"flexible_variants": True, "browser_ttl": 172800})
    assert emulator.deliver(quadrants, "w=50").status_code == 200


def test_private_images_need_a_signature_and_a_named_variant(emulator):
    image_id = emulator.uploaded(photos.quadrants(), requireSignedURLs="true")
    path = f"/{ACCOUNT_HASH}/{image_id}/public"
    key = emulator.http.get(f"{emulator.account}/v1/keys").json()["result"]["keys"][0]["value"]
    query = f"exp={int(time.time()) + 600}"
    signed = f"public?{query}&sig={sign(path, query, key)}"
    answer = emulator.deliver(image_id, signed)
    assert decoded(answer).size == (120, 80)
    assert re.fullmatch(r"private, max-age=(600|59\d)", answer.headers["cache-control"])
    late = f"exp={int(time.time()) - 1}"
    for tail in (
        "public",
        "public?token=x",
        signed.replace("public", "thumb"),
        signed[:-1],
        f"public?{late}&sig={sign(path, late, key)}",
        "w=100",
        "public/w=100",
        f"w=100?{query}&sig={sign(path.replace('public', 'w=100'), query, key)}",
    ):
        assert emulator.deliver(image_id, tail).headers["cf-images"] == "err=9425", tail
    options = {"fit": "scale-down", "width": 50, "height": 50, "metadata": "none"}
    body = {"id": "open", "options": options, "neverRequireSignedURLs": True}
    emulator.http.post(f"{emulator.account}/v1/variants", json=body)
    assert decoded(emulator.deliver(image_id, "open")).size == (50, 33)


def test_a_deleted_image_is_gone_at_once_and_its_twin_stays(emulator):
    data = photos.quadrants(width=200, height=100)
    one, two = emulator.uploaded(data), emulator.uploaded(data)
    first = emulator.deliver(one, "w=77")
    assert emulator.deliver(two, "w=77").content == first.content
    emulator.http.delete(f"{emulator.account}/v1/{one}")
    assert emulator.deliver(one, "w=77").headers["cf-images"] == "err=9404"
    assert emulator.deliver(two, "w=77").content == first.content
    emulator.http.delete(f"{emulator.account}/v1/{two}")
    assert not list((emulator.data_dir / "cache").rglob(first.headers["etag"].strip('"')))


def test_equal_requests_are_computed_once(emulator):
    image_id = emulator.uploaded(photos.photo_jpeg(1600, 1200))
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: emulator.deliver(image_id, "w=321"), range(48)))
    assert len({answer.content for answer in answers}) == 1
    assert decoded(answers[0]).size == (321, 241)
    assert emulator.deliver(image_id, "h=241,w=321").headers["cf-images"] == "internal=ok/h"
    folder = next((emulator.data_dir / "cache").rglob(answers[0].headers["etag"].strip('"'))).parent
    assert len(list(folder.iterdir())) == 1


def test_long_animations_are_delivered_as_they_came(emulator):
    data = photos.gif_of(60, 1000, 1000)
    image_id = emulator.uploaded(data, type="image/gif")
    assert emulator.deliver(image_id, "w=10").content == data
    assert decoded(emulator.deliver(image_id, "w=10,anim=false")).size == (10, 10)


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
