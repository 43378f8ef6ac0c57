"""ThumbHash: a picture's average colour and lowest frequencies in about 25 bytes.

Our own encoder of Evan Wallace's published format (evanw.github.io/thumbhash): luminance and two colour
differences, each as a few cosine coefficients, plus alpha where there is any. The sums are separable, so rows are
reduced first; that makes plain Python fast enough (some milliseconds for 100 x 100).
"""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul


@dataclass(frozen=True)
class _Channel:
    """Cosine coefficients of one channel: the mean, the largest of the others, and those scaled to 0..1."""

    mean: float
    scale: float
    rest: list[float]


def thumbhash(rgba: bytes, width: int, height: int) -> str:
    """Base64 of the hash of `width` x `height` pixels (each 1 to 100) of straight, not premultiplied, RGBA."""
    if not (1 <= width <= 100 and 1 <= height <= 100 and len(rgba) == width * height * 4):
        raise ValueError("wants at most 100 x 100 RGBA pixels")
    luma, yellow_blue, red_green, alpha = _planes(rgba)
    has_alpha = min(alpha) < 1
    most = 5 if has_alpha else 7
    columns = max(1, _round(most * width / max(width, height)))
    rows = max(1, _round(most * height / max(width, height)))
    l = _encode(luma, width, height, max(3, columns), max(3, rows))  # noqa: E741
    p = _encode(yellow_blue, width, height, 3, 3)
    q = _encode(red_green, width, height, 3, 3)
    channels = [l, p, q]
    is_landscape = width > height
    head = (
        _round(63 * l.mean)
        | _round(31.5 + 31.5 * p.mean) << 6
        | _round(31.5 + 31.5 * q.mean) << 12
        | _round(31 * l.scale) << 18
        | has_alpha << 23
    )
    tail = (
        (rows if is_landscape else columns) | _round(63 * p.scale) << 3 | _round(63 * q.scale) << 9 | is_landscape << 15
    )
    packed = head.to_bytes(3, "little") + tail.to_bytes(2, "little")
    if has_alpha:
        a = _encode(alpha, width, height, 5, 5)
        packed += bytes([_round(15 * a.mean) | _round(15 * a.scale) << 4])
        channels.append(a)
    return base64.b64encode(packed + _nibbles([value for c in channels for value in c.rest])).decode()


def _planes(rgba: bytes) -> tuple[list[float], list[float], list[float], list[float]]:
    """Luminance, yellow-blue, red-green and alpha; what is transparent takes the average colour of the rest."""
    alpha = [a / 255 for a in rgba[3::4]]
    weight = sum(alpha)
    colours = []
    for plane in (rgba[0::4], rgba[1::4], rgba[2::4]):
        mean = sum(map(mul, plane, alpha)) / weight / 255 if weight else 0.0
        colours.append([mean * (1 - a) + a * v / 255 for v, a in zip(plane, alpha, strict=True)])
    red, green, blue = colours
    return (
        [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)],
        [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)],
        [r - g for r, g in zip(red, green, strict=True)],
        alpha,
    )


def _encode(plane: Sequence[float], width: int, height: int, columns: int, rows: int) -> _Channel:
    """The coefficients in the triangle of frequencies `column/columns + row/rows < 1`."""
    across = [_cosines(column, width) for column in range(columns)]
    lines = [plane[start : start + width] for start in range(0, width * height, width)]
    reduced = [[sum(map(mul, line, wave)) for line in lines] for wave in across]
    values = []
    for row in range(rows):
        down = _cosines(row, height)
        values += [
            sum(map(mul, reduced[column], down)) / (width * height)
            for column in range(columns)
            if column * rows < columns * (rows - row)
        ]
    mean, rest = values[0], values[1:]
    scale = max(map(abs, rest), default=0.0)
    return _Channel(mean, scale, [0.5 + 0.5 * v / scale for v in rest] if scale else rest)


def _cosines(frequency: int, length: int) -> list[float]:
    return [math.cos(math.pi / length * frequency * (at + 0.5)) for at in range(length)]


def _nibbles(values: list[float]) -> bytes:
    numbers = [_round(15 * value) for value in values]
    if len(numbers) % 2:
        numbers.append(0)
    return bytes(low | high << 4 for low, high in zip(numbers[::2], numbers[1::2], strict=True))


def _round(value: float) -> int:
    return math.floor(value + 0.5)
