"""CSS colours for `background`: names, #rgb[a], #rrggbb[aa], rgb() and rgba() with commas or spaces."""

import re

from PIL import ImageColor

Colour = tuple[int, int, int, int]
"""Red, green, blue, alpha; 0-255."""

_FUNCTION = re.compile(r"rgba?\(([^()]*)\)")


def parse(text: str) -> Colour:
    """Raises ValueError."""
    text = text.strip().lower()
    if text == "transparent":
        return (0, 0, 0, 0)
    if text.startswith("#"):
        return _hex(text[1:])
    if call := _FUNCTION.fullmatch(text):
        return _rgb(re.split(r"[\s,/]+", call[1].strip()))
    named = ImageColor.colormap.get(text)
    if not isinstance(named, str):
        raise ValueError(f"{text!r} is no CSS colour")
    return _hex(named[1:])


def _hex(digits: str) -> Colour:
    if len(digits) in (3, 4):
        digits = "".join(d * 2 for d in digits)
    if len(digits) not in (6, 8) or not re.fullmatch(r"[0-9a-f]+", digits):
        raise ValueError(f"#{digits} is no CSS colour")
    r, g, b, a = bytes.fromhex(digits.ljust(8, "f"))
    return (r, g, b, a)


def _rgb(parts: list[str]) -> Colour:
    if len(parts) not in (3, 4):
        raise ValueError("rgb() takes three or four numbers")
    r, g, b = (_channel(part, 255) for part in parts[:3])
    return (r, g, b, _channel(parts[3], 1) if len(parts) == 4 else 255)


def _channel(text: str, one: int) -> int:
    """`50%` or a number of which `one` is full."""
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?%?|\.[0-9]{1,6}", text):
        raise ValueError(f"{text!r} is no colour channel")
    share = float(text[:-1]) / 100 if text.endswith("%") else float(text) / one
    return round(min(share, 1.0) * 255)
