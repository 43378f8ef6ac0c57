"""Where a picture's pixels go: Cloudflare's `fit` rules as arithmetic. Sizes are (width, height) in pixels."""

from dataclasses import dataclass

FITS = ("scale-down", "contain", "cover", "crop", "aspect-crop", "pad", "squeeze")

Size = tuple[int, int]


@dataclass(frozen=True)
class Placement:
    """Resize to `resize`; then cut `crop` out of it, or lay it in the middle of `canvas`."""

    resize: Size
    crop: Size | None = None
    canvas: Size | None = None

    @property
    def size(self) -> Size:
        """What comes out."""
        return self.canvas or self.crop or self.resize


def place(source: Size, width: int | None, height: int | None, fit: str) -> Placement:
    """How a picture of size `source` is fitted into `width` x `height`; a missing side follows the aspect ratio."""
    if width is None and height is None:
        return Placement(source)
    if width is None or height is None:
        return _one_side(source, width, height, enlarge=fit not in ("scale-down", "crop", "aspect-crop"))
    box = (width, height)
    inside = min(width / source[0], height / source[1])
    over = max(width / source[0], height / source[1])
    if fit == "scale-down":
        return Placement(_scaled(source, min(1.0, inside)))
    if fit == "contain":
        return Placement(_scaled(source, inside))
    if fit == "squeeze":
        return Placement(box)
    if fit == "pad":
        return Placement(_scaled(source, inside), canvas=box)
    if fit == "cover":
        return _cover(source, over, box)
    if fit == "crop":
        resized = _scaled(source, min(1.0, over))
        return _cut(resized, (min(width, resized[0]), min(height, resized[1])))
    return _aspect_crop(source, box)


def _one_side(source: Size, width: int | None, height: int | None, *, enlarge: bool) -> Placement:
    scale = width / source[0] if width is not None else (height or 1) / source[1]
    if scale > 1 and not enlarge:
        return Placement(source)
    resized = _scaled(source, scale)
    return Placement((width or resized[0], height or resized[1]))


def _aspect_crop(source: Size, box: Size) -> Placement:
    """The box's aspect ratio, as large as the box but never enlarged: 612x613 for 1920x1120 gives 612x357."""
    shrink = min(1.0, source[0] / box[0], source[1] / box[1])
    wanted = (max(1, round(box[0] * shrink)), max(1, round(box[1] * shrink)))
    return _cover(source, max(wanted[0] / source[0], wanted[1] / source[1]), wanted)


def _cover(source: Size, scale: float, box: Size) -> Placement:
    resized = _scaled(source, scale)
    return _cut((max(resized[0], box[0]), max(resized[1], box[1])), box)


def _cut(resized: Size, box: Size) -> Placement:
    return Placement(resized, crop=None if box == resized else box)


def _scaled(source: Size, scale: float) -> Size:
    return max(1, round(source[0] * scale)), max(1, round(source[1] * scale))


def offset(resized: Size, crop: Size, focus: tuple[float, float]) -> tuple[int, int]:
    """Left and top of the cut, so that the point `focus` (0-1 each way) is as near its middle as the edges allow."""
    left = round(resized[0] * focus[0] - crop[0] / 2)
    top = round(resized[1] * focus[1] - crop[1] / 2)
    return max(0, min(left, resized[0] - crop[0])), max(0, min(top, resized[1] - crop[1]))
