"""Pictures for tests of delivery, and a browser that asks for them."""

import io

from PIL import Image, ImageDraw

from tests.support import photos

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
RED, GREEN, BLUE, YELLOW = photos.CORNERS.values()
WHITE = (255, 255, 255)


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def stripes(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red, white and blue from left to right."""
    image = Image.new(mode, (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 3 - 1, height), fill=(255, 0, 0))
    draw.rectangle((width * 2 // 3, 0, width, height), fill=(0, 0, 255))
    return image
