"""SVG: made harmless before anybody sees it, or refused.

Cloudflare's own sanitiser (svg-hush) does the work. It indents its output by depth, so a deeply nested file would
cost it quadratic memory, and it takes any size: a plain expat pass goes first and bounds both.
"""

import re
from xml.parsers import expat

import py_svg_hush
import pyvips

from images_app.core.media import limits
from images_app.errors import SvgRefused

_NAMESPACE = "http://www.w3.org/2000/svg"
_PICTURES = {"image": ["png", "jpeg", "gif", "webp"]}
"""Data URLs that may stay; nothing else is embedded."""
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "em": 16.0}
_LENGTH = re.compile(r"\s*\+?(\d{0,9}\.?\d{1,9}(?:[eE][+-]?\d{1,2})?)\s*([a-z]{0,2})\s*")
_RENDERED = 1_000_000


def sanitised(data: bytes) -> bytes:
    """The drawing without scripts, event handlers, foreign content and outside references. Raises SvgRefused."""
    if len(data) > limits.SVG_BYTES:
        raise SvgRefused(f"The SVG has {len(data)} bytes; the most is {limits.SVG_BYTES}.")
    _survey(data)
    try:
        clean: bytes = py_svg_hush.filter_svg(data, _PICTURES)
    except ValueError as error:
        raise SvgRefused(f"The SVG cannot be made safe: {error}.") from None
    start = clean.find(b"<svg")
    if start >= 0 and f'xmlns="{_NAMESPACE}"'.encode() not in clean[start : clean.find(b">", start)]:
        clean = clean.replace(b"<svg", f'<svg xmlns="{_NAMESPACE}"'.encode(), 1)
    if len(clean) > limits.SVG_BYTES:
        raise SvgRefused("The SVG is too large once it is made safe.")
    return clean


def size(clean: bytes) -> tuple[int, int]:
    """Width and height in CSS pixels: from its attributes, from its viewBox, or as browsers assume (300 x 150)."""
    root = _survey(clean)
    box = [float(n) for n in re.findall(r"-?\d{1,9}(?:\.\d{1,9})?", root.get("viewBox", ""))]
    ratio = box[3] / box[2] if len(box) == 4 and box[2] > 0 and box[3] > 0 else None
    width, height = _pixels(root.get("width")), _pixels(root.get("height"))
    if width is None and height is None:
        width, height = (box[2], box[3]) if ratio else (300.0, 150.0)
    elif width is None and height is not None:
        width = height / ratio if ratio else 300.0
    elif height is None and width is not None:
        height = width * ratio if ratio else 150.0
    return _bounded(width), _bounded(height)


def rendered(clean: bytes, side: int) -> pyvips.Image | None:
    """The drawing in pixels, `side` at most, with its embedded pictures left out; None when that cannot be done."""
    if len(clean) > _RENDERED:
        return None
    try:
        bare = py_svg_hush.filter_svg(clean)
        width, height = size(clean)
        image = pyvips.Image.svgload_buffer(bare, scale=min(1.0, side / max(width, height)))
        return image.thumbnail_image(side, height=side, size="down").copy_memory()
    except (pyvips.Error, ValueError):
        return None


def _survey(data: bytes) -> dict[str, str]:
    """The root's attributes. Raises SvgRefused for what is not SVG, not XML, too deep or too much."""
    root: list[dict[str, str]] = []
    depth = elements = 0
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if not root:
            if name != f"{_NAMESPACE} svg":
                raise SvgRefused("The file's outermost element is not an SVG drawing.")
            root.append(attributes)
        if depth > limits.SVG_DEPTH or elements > limits.SVG_ELEMENTS:
            raise SvgRefused("The SVG is nested too deeply or has too many elements.")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise SvgRefused(f"The SVG is not well-formed: {error}.") from None
    return root[0]


def _pixels(length: str | None) -> float | None:
    """A CSS length in pixels; None for a percentage, for none and for nonsense."""
    match = _LENGTH.fullmatch(length or "")
    value = float(match[1]) * _UNITS.get(match[2], 0.0) if match else 0.0
    return value if value > 0 else None


def _bounded(length: float | None) -> int:
    return max(1, min(limits.SVG_SIDE, round(length or 1)))
