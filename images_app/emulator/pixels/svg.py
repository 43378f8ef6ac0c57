"""SVG in a pixel child: sanitised with Cloudflare's own svg-hush, measured, never drawn."""

import re
from xml.parsers import expat

import py_svg_hush

_NAMESPACE = "http://www.w3.org/2000/svg"
_EMBEDDED = {"image": ["png", "jpeg", "gif", "webp"]}
"""The data URLs that may stay."""
_MAX_DEPTH = 250
_MAX_ELEMENTS = 300_000


def sanitise(data: bytes) -> bytes:
    """Without scripts, event handlers, foreign content and outside references. Raises ValueError."""
    root_attributes(data)
    clean: bytes = py_svg_hush.filter_svg(data, _EMBEDDED)
    start = clean.find(b"<svg")
    if start >= 0 and b"xmlns=" not in clean[start : clean.find(b">", start)]:
        # The sanitiser drops namespace prefixes, and a browser shows nothing that has no namespace.
        clean = clean.replace(b"<svg", f'<svg xmlns="{_NAMESPACE}"'.encode(), 1)
    return clean


def root_attributes(data: bytes) -> dict[str, str]:
    """Of the outermost element. Raises ValueError for what is no SVG, or nested so deeply that the sanitiser, which
    indents by depth, would make something huge of it."""
    root: list[dict[str, str]] = []
    depth = elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if not root:
            if name != f"{_NAMESPACE} svg":
                raise ValueError("the outermost element is not svg")
            root.append(attributes)
        if depth > _MAX_DEPTH or elements > _MAX_ELEMENTS:
            raise ValueError("too deep, or too many elements")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    return root[0]


def size(data: bytes) -> tuple[int, int]:
    """What the root says of itself in pixels: width and height, else the viewBox, else nothing (0)."""
    root = root_attributes(data)
    width, height = _pixels(root.get("width", "")), _pixels(root.get("height", ""))
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    if not (width and height) and len(box) == 4:
        return _pixels(box[2]), _pixels(box[3])
    return width, height


def _pixels(length: str) -> int:
    plain = length.strip().removesuffix("px")
    return min(round(float(plain)), 1_000_000) if re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,9})?", plain) else 0
