"""SVG at the local Cloudflare Images: sanitised, and never anybody's bomb."""

import re
from xml.etree import ElementTree

from tests.contract.drawing import CHROME
from tests.support import photos


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
