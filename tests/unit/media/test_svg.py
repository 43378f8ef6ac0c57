"""SVG is a program until it has been sanitised: harmless drawings pass, everything else is refused with its reason."""

from xml.etree import ElementTree

import pytest

from images_app.core.media import limits, svg
from images_app.errors import SvgRefused
from tests.support import photos

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'


def drawing(attributes: str = "", inside: str = "") -> bytes:
    return f"<svg {NAMESPACE} {attributes}>{inside}</svg>".encode()


def parsed(clean: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(clean)  # noqa: S314


def test_a_harmless_drawing_keeps_its_shapes() -> None:
    root = parsed(svg.sanitised(photos.svg()))
    assert [child.tag.rpartition("}")[2] for child in root] == ["rect", "circle"]
    assert root[1].get("fill") == "#0a7d5a"


def test_nothing_that_runs_or_calls_home_is_left() -> None:
    clean = svg.sanitised(photos.hostile_svg())
    root = parsed(clean)
    names = {element.tag.rpartition("}")[2].lower() for element in root.iter()}
    assert names.isdisjoint({"script", "foreignobject", "iframe"})
    assert "rect" in names
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert not ("href" in name and (":" in value or value.startswith("//")))
    assert b"alert(1)" not in clean
    assert b"url(http" not in clean
    assert b"@import" not in clean


def test_embedded_pictures_stay_and_other_data_goes() -> None:
    inside = '<image href="data:image/png;base64,iVBORw0KGgo="/><image href="data:text/html,hi"/>'
    clean = svg.sanitised(drawing('width="5" height="5"', inside))
    assert b"data:image/png" in clean
    assert b"data:text/html" not in clean


@pytest.mark.parametrize(
    "prolog",
    [
        b"\xef\xbb\xbf",
        b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">',
        b'<!DOCTYPE svg [<!ENTITY colour "red">]>',
    ],
)
def test_prologs_of_real_drawing_programs_are_taken(prolog: bytes) -> None:
    assert svg.size(svg.sanitised(prolog + drawing('width="30" height="20"'))) == (30, 20)


def test_other_encodings_are_taken() -> None:
    text = f'<?xml version="1.0" encoding="UTF-16"?><svg {NAMESPACE} width="7" height="8"><text>ü</text></svg>'
    clean = svg.sanitised(text.encode("utf-16"))
    assert svg.size(clean) == (7, 8)
    assert "ü".encode() in clean


def test_a_prefixed_root_stays_an_svg() -> None:
    clean = svg.sanitised(b'<s:svg xmlns:s="http://www.w3.org/2000/svg" width="9" height="9"><s:rect/></s:svg>')
    assert parsed(clean).tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml",
        b"<svg>",
        b"<svg/>",
        b"<html><body/></html>",
        b'<svg xmlns="http://example.com/other"/>',
        drawing() + b"<more/>",
        drawing()[:-3],
        photos.entity_bomb_svg(),
        drawing(inside="<g>" * 100_000 + "</g>" * 100_000),
        drawing(inside="<g/>" * (limits.SVG_ELEMENTS + 1)),
        drawing(inside="x" * limits.SVG_BYTES),
        b"\0" * 100,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_cannot_be_made_safe_is_refused(data: bytes) -> None:
    with pytest.raises(SvgRefused):
        svg.sanitised(data)


def test_files_of_the_server_are_not_read_into_a_drawing() -> None:
    data = b'<!DOCTYPE svg [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + drawing(inside="<text>&f;</text>")
    try:
        clean = svg.sanitised(data)
    except SvgRefused:
        return
    assert b"root:" not in clean


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="320" height="200"', (320, 200)),
        ('width="320px" height=" 200 "', (320, 200)),
        ('width="10mm" height="1in"', (38, 96)),
        ('width="1e2" height=".5e1"', (100, 5)),
        ('viewBox="0 0 640 480"', (640, 480)),
        ('viewBox="-5,-5,64.5,48"', (64, 48)),
        ('width="100%" height="100%" viewBox="0 0 24 24"', (24, 24)),
        ('width="320" viewBox="0 0 4 3"', (320, 240)),
        ('height="300" viewBox="0 0 4 3"', (400, 300)),
        ('width="320"', (320, 150)),
        ("", (300, 150)),
        ('width="-5" height="0" viewBox="0 0 0 0"', (300, 150)),
        ('width="nonsense" height="NaN" viewBox="a b c d"', (300, 150)),
        ('width="0.1" height="0.1"', (1, 1)),
        ('width="99999999" height="1e90"', (100_000, 100_000)),
        ('width="9" height="9" viewBox="0 0 1e999 1"', (9, 9)),
    ],
)
def test_sizes_are_those_that_a_browser_shows(attributes: str, size: tuple[int, int]) -> None:
    assert svg.size(svg.sanitised(drawing(attributes))) == size


def test_a_drawing_is_rendered_for_its_placeholder() -> None:
    image = svg.rendered(svg.sanitised(photos.svg(320, 200, colour="#ff0000")), 100)
    assert image is not None
    assert (image.width, image.height) == (100, 63)
    assert image.getpoint(50, 31)[:3] == [255, 0, 0]


def test_references_that_multiply_are_not_rendered() -> None:
    levels = "".join(f'<g id="l{n}">{f"<use href={chr(34)}#l{n - 1}{chr(34)}/>" * 10}</g>' for n in range(1, 10))
    inside = f'<defs><rect id="l0" width="5" height="5"/>{levels}</defs><use href="#l9"/><use href="#u" id="u"/>'
    assert svg.rendered(svg.sanitised(drawing('width="50" height="50"', inside)), 100) is None
