"""Cloudflare's `fit` rules: the documented sizes, and what must hold for every size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images_app.emulator.geometry import FITS, offset, place

side = st.integers(1, 12_000)


@pytest.mark.parametrize(
    ("source", "box", "fit", "expected"),
    [
        ((1080, 720), (500, 500), "scale-down", (500, 333)),
        ((1080, 720), (1296, 1296), "scale-down", (1080, 720)),
        ((1080, 720), (1296, 1296), "contain", (1296, 864)),
        ((1080, 720), (500, 500), "cover", (500, 500)),
        ((1080, 720), (1296, 1296), "cover", (1296, 1296)),
        ((1080, 720), (1296, 1296), "crop", (1080, 720)),
        ((1080, 720), (500, 500), "crop", (500, 500)),
        ((2000, 300), (500, 500), "crop", (500, 300)),
        ((1080, 720), (1080, 1080), "pad", (1080, 1080)),
        ((1080, 720), (1080, 540), "squeeze", (1080, 540)),
        ((612, 613), (1920, 1120), "aspect-crop", (612, 357)),
        ((4000, 3000), (400, 400), "aspect-crop", (400, 400)),
    ],
)
def test_documented_sizes(source, box, fit, expected):
    assert place(source, *box, fit).size == expected


@pytest.mark.parametrize(
    ("width", "height", "fit", "expected"),
    [
        (400, None, "scale-down", (400, 300)),
        (None, 300, "cover", (400, 300)),
        (8000, None, "scale-down", (4000, 3000)),
        (8000, None, "contain", (8000, 6000)),
        (8000, None, "pad", (8000, 6000)),
        (8000, None, "crop", (4000, 3000)),
        (None, None, "cover", (4000, 3000)),
    ],
)
def test_a_missing_side_follows_the_aspect_ratio(width, height, fit, expected):
    assert place((4000, 3000), width, height, fit).size == expected


@given(side, side, side, side, st.sampled_from(FITS))
def test_every_result_fits_its_box_and_is_cut_from_within(sw, sh, w, h, fit):
    placement = place((sw, sh), w, h, fit)
    width, height = placement.size
    assert 1 <= width <= w
    assert 1 <= height <= h
    if placement.crop:
        assert placement.crop[0] <= placement.resize[0]
        assert placement.crop[1] <= placement.resize[1]
    if placement.canvas:
        assert placement.resize[0] <= placement.canvas[0]
        assert placement.resize[1] <= placement.canvas[1]
    if fit in ("scale-down", "crop", "aspect-crop"):
        assert placement.resize[0] <= sw
        assert placement.resize[1] <= sh
    if fit in ("cover", "pad", "squeeze"):
        assert (width, height) == (w, h)


@given(side, side, st.floats(0, 1), st.floats(0, 1), st.data())
def test_a_cut_never_leaves_the_picture(w, h, x, y, data):
    crop = (data.draw(st.integers(1, w)), data.draw(st.integers(1, h)))
    left, top = offset((w, h), crop, (x, y))
    assert 0 <= left <= w - crop[0]
    assert 0 <= top <= h - crop[1]
