"""Delivered pictures, judged by their pixels."""

import io

import httpx
from PIL import Image


def decoded(answer: httpx.Response) -> Image.Image:
    """The picture of an answer, read whole; its declared type must be that of its bytes."""
    assert answer.status_code == 200, answer.text
    image = Image.open(io.BytesIO(answer.content))
    assert answer.headers["content-type"] == Image.MIME[image.format or ""]
    image.load()
    return image


def near(image: Image.Image, at: tuple[float, float], colour: tuple[int, ...], tolerance: int = 24) -> bool:
    """Whether the pixel at a relative place (0-1 each way) is about this colour (RGB, or RGBA)."""
    x, y = min(int(image.width * at[0]), image.width - 1), min(int(image.height * at[1]), image.height - 1)
    pixel = image.convert("RGBA" if len(colour) == 4 else "RGB").getpixel((x, y))
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))
