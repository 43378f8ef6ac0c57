"""What is decided before a pixel is read: format by Accept, sizes, and when two requests are one."""

import pytest

from images_app.emulator.errors import DeliveryError
from images_app.emulator.options import Options, parse
from images_app.emulator.recipe import Source, accepts, make

PHOTO = Source("a" * 64, "jpeg", 3_000_000, 4000, 3000)
CUTOUT = Source("b" * 64, "png", 500_000, 800, 600, alpha=True)
FILM = Source("c" * 64, "gif", 500_000, 200, 100, frames=10)
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.mark.parametrize(
    ("options", "source", "accept", "format"),
    [
        ("w=400", PHOTO, "*/*", "jpeg"),
        ("w=400", PHOTO, "image/*", "jpeg"),
        ("w=400", PHOTO, CHROME, "webp"),
        ("w=400", PHOTO, "image/webp;q=0", "jpeg"),
        ("w=400", CUTOUT, "", "png"),
        ("w=400", FILM, "", "gif"),
        ("w=400,f=webp", PHOTO, "", "webp"),
        ("w=400,f=baseline-jpeg", CUTOUT, CHROME, "jpeg"),
        ("w=400,f=avif", PHOTO, "", "avif"),
        ("w=2000,f=avif", PHOTO, CHROME, "webp"),
        ("w=2000,f=avif", PHOTO, "", "jpeg"),
        ("w=400,compression=fast", PHOTO, CHROME, "jpeg"),
    ],
)
def test_format(options, source, accept, format):
    assert make(parse(options), source, accept).format == format


def test_avif_is_never_chosen_by_negotiation():
    assert make(parse("w=100"), PHOTO, "image/avif").format == "jpeg"


def test_equal_results_have_one_key_however_they_were_asked_for():
    keys = {make(parse(t), PHOTO, "*/*").key(PHOTO) for t in ("w=400", "width=400,height=300", "h=300,fit=contain")}
    assert len(keys) == 1


def test_other_bytes_or_other_settings_have_other_keys():
    other = Source("f" * 64, "jpeg", 3_000_000, 4000, 3000)
    keys = {make(parse(t), s, "*/*").key(s) for t, s in (("w=400", PHOTO), ("w=401", PHOTO), ("w=400", other))}
    assert len(keys | {make(parse("w=400,q=50"), PHOTO, "").key(PHOTO)}) == 4


def test_dpr_multiplies_sizes_and_rotation_turns_them():
    assert (make(parse("w=100,dpr=2"), PHOTO, "").width, make(parse("w=100,dpr=2"), PHOTO, "").height) == (200, 150)
    turned = make(parse("w=300,rotate=90"), PHOTO, "")
    assert (turned.width, turned.height, turned.resize) == (300, 400, (400, 300))


@pytest.mark.parametrize(
    ("options", "size"),
    [("trim=100;200;300;400", (3400, 2600)), ("trim.width=50,trim.height=60,trim.left=3990", (10, 60))],
)
def test_trim_leaves_a_rectangle_of_the_source(options, size):
    recipe = make(parse(options), PHOTO, "")
    assert (recipe.width, recipe.height) == size


@pytest.mark.parametrize("options", ["trim=1500;0;1500;0", "w=12000,h=12000,fit=cover", "h=12000,fit=contain"])
def test_nothing_and_too_much_are_refused(options):
    with pytest.raises(DeliveryError) as caught:
        make(parse(options), PHOTO, "")
    assert caught.value.code == 9413


def test_long_animations_are_delivered_as_they_are():
    film = Source("c" * 64, "gif", 5_000_000, 1000, 1000, frames=51)
    assert make(Options(width=10), film, "").action == "copy"
    assert make(Options(width=10, anim=False), film, "").action == "render"


def test_jpeg_is_progressive_except_when_tiny_huge_or_asked_otherwise():
    assert make(parse("w=400"), PHOTO, "").progressive
    assert not make(parse("w=40"), PHOTO, "").progressive
    assert not make(parse("w=400,f=baseline-jpeg"), PHOTO, "").progressive
    assert not make(parse("w=3500,h=3500,fit=cover"), PHOTO, "").progressive


@pytest.mark.parametrize("header", ["image/webp", "text/html, image/webp;q=0.5", "IMAGE/WEBP ; q=1"])
def test_accept_names_the_type(header):
    assert accepts(header, "image/webp")


@pytest.mark.parametrize("header", ["", "*/*", "image/*", "image/webp;q=0", "image/webp; q = 0.0", ",;,"])
def test_wildcards_and_zero_weights_do_not_count(header):
    assert not accepts(header, "image/webp")
