"""The hash is judged by an independent decoder of the published format."""

import base64
import math
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw

from images_app.core.media.thumbhash import thumbhash
from tests.support import photos


class Decoded:
    """What a browser reads from a hash: average colour, proportions, and any point of the placeholder."""

    def __init__(self, text: str) -> None:
        data = base64.b64decode(text, validate=True)
        self.size = len(data)
        head, tail = int.from_bytes(data[:3], "little"), int.from_bytes(data[3:5], "little")
        self.has_alpha = bool(head >> 23)
        landscape, most = bool(tail >> 15), 5 if self.has_alpha else 7
        short = max(1, tail & 7)
        self.aspect = most / short if landscape else short / most
        columns, rows = (most, tail & 7) if landscape else (tail & 7, most)
        self._means = [(head & 63) / 63, (head >> 6 & 63) / 31.5 - 1, (head >> 12 & 63) / 31.5 - 1]
        scales = [(head >> 18 & 31) / 31, (tail >> 3 & 63) / 63, (tail >> 9 & 63) / 63]
        shapes = [(max(3, columns), max(3, rows)), (3, 3), (3, 3)]
        start = 5
        if self.has_alpha:
            self._means.append((data[5] & 15) / 15)
            scales.append((data[5] >> 4) / 15)
            shapes.append((5, 5))
            start = 6
        nibbles = iter([n for byte in data[start:] for n in (byte & 15, byte >> 4)])
        self._waves = [self._read(shape, scale, nibbles) for shape, scale in zip(shapes, scales, strict=True)]

    @staticmethod
    def _read(shape: tuple[int, int], scale: float, nibbles: Iterator[int]) -> dict[tuple[int, int], float]:
        columns, rows = shape
        wanted = [(x, y) for y in range(rows) for x in range(columns) if (x or y) and x * rows < columns * (rows - y)]
        return {place: (next(nibbles) / 7.5 - 1) * scale for place in wanted}

    @property
    def average(self) -> tuple[float, ...]:
        return _rgb(*self._means[:3])

    def at(self, x: float, y: float) -> tuple[float, ...]:
        """Red, green, blue and, if there is any, alpha, each 0..1, at a place given as shares of width and height."""
        values = [
            mean + sum(2 * a * math.cos(math.pi * x * cx) * math.cos(math.pi * y * cy) for (cx, cy), a in waves.items())
            for mean, waves in zip(self._means, self._waves, strict=True)
        ]
        return (*_rgb(*values[:3]), *values[3:])


def _rgb(luma: float, yellow_blue: float, red_green: float) -> tuple[float, float, float]:
    blue = luma - 2 / 3 * yellow_blue
    red = (3 * luma - blue + red_green) / 2
    return red, red - red_green, blue


def _hash(image: Image.Image) -> Decoded:
    image.thumbnail((100, 100))
    return Decoded(thumbhash(image.convert("RGBA").tobytes(), image.width, image.height))


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (200, 30, 40), (20, 180, 90), (10, 30, 220)])
def test_a_plain_colour_comes_back(colour: tuple[int, int, int]) -> None:
    found = _hash(Image.new("RGB", (40, 30), colour))
    for place in ((0.1, 0.1), (0.5, 0.5), (0.9, 0.2)):
        assert found.at(*place) == pytest.approx([c / 255 for c in colour], abs=0.04)
    assert not found.has_alpha


@pytest.mark.parametrize(
    ("width", "height"), [(100, 100), (100, 50), (50, 100), (100, 67), (75, 100), (100, 1), (1, 99)]
)
def test_proportions_come_back(width: int, height: int) -> None:
    found = _hash(photos.scene(width, height))
    assert found.aspect == pytest.approx(min(7, max(1 / 7, width / height)), rel=0.17)
    assert 5 <= found.size <= 25


def test_the_average_colour_and_the_corners_come_back() -> None:
    image = Image.new("RGB", (100, 80))
    draw = ImageDraw.Draw(image)
    for index, colour in enumerate(photos.CORNERS.values()):
        x, y = index % 2 * 50, index // 2 * 40
        draw.rectangle((x, y, x + 50, y + 40), fill=colour)
    average = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    found = _hash(image)
    assert found.average == pytest.approx([c / 255 for c in average], abs=0.03)
    for (x, y), colour in zip([(0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)], photos.CORNERS.values(), strict=True):
        seen = tuple(round(255 * c) for c in found.at(x, y))
        nearest = min(photos.CORNERS.values(), key=lambda c: sum((a - b) ** 2 for a, b in zip(c, seen, strict=True)))
        assert nearest == colour


def test_alpha_comes_back_and_hidden_colours_do_not() -> None:
    image = Image.new("RGBA", (60, 60), (255, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 29, 59), fill=(0, 0, 255, 255))
    found = _hash(image)
    assert found.has_alpha
    assert found.average == pytest.approx((0, 0, 1), abs=0.04)
    assert found.at(0.1, 0.5)[3] > 0.85
    assert found.at(0.9, 0.5)[3] < 0.15


def test_nothing_but_transparency_has_a_hash() -> None:
    assert _hash(Image.new("RGBA", (20, 20), (0, 0, 0, 0))).at(0.5, 0.5)[3] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(("width", "height", "length"), [(0, 10, 0), (101, 10, 4040), (10, 10, 399)])
def test_other_input_is_refused(width: int, height: int, length: int) -> None:
    with pytest.raises(ValueError, match="100 x 100"):
        thumbhash(bytes(length), width, height)
