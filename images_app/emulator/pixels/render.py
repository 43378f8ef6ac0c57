"""Runs in a pixel child: libvips reads a stored file and writes what a recipe says."""

from pathlib import Path
from typing import Any

import pyvips
from PIL import Image

from images_app.emulator.pixels import svg

Job = dict[str, Any]
_COPYRIGHT = 0x8298
_ADJUSTMENTS = ("brightness", "contrast", "gamma", "saturation")


def render(job: Job) -> Job:
    """`source` and `target` are paths; the rest is a recipe. Raises pyvips.Error, ValueError, OSError."""
    if job["action"] == "sanitise":
        result = svg.sanitise(Path(job["source"]).read_bytes())
    else:
        result = _encoded(_animation(job) if job["animated"] else _frame(_load(job), job), job)
    Path(job["target"]).write_bytes(result)  # by ourselves: libvips would not tell a full disk from a bad picture
    return {}


def _load(job: Job) -> pyvips.Image:
    """The first frame at its final size, upright and in sRGB; JPEG and WebP shrink while they are decoded."""
    width, height = job["resize"]
    if job["trim"] is None:
        return pyvips.Image.thumbnail(job["source"], width, height=height, size="force", export_profile="srgb")
    image = pyvips.Image.new_from_file(job["source"]).autorot().crop(*job["trim"])
    return image.thumbnail_image(width, height=height, size="force", export_profile="srgb")


def _animation(job: Job) -> pyvips.Image:
    """Every frame by itself, so that no resampling bleeds from one into the next, and finished before the next one:
    thousands of unfinished pipelines would take gigabytes."""
    roll = pyvips.Image.new_from_file(job["source"], n=-1)
    page = roll.get("page-height")
    trim = job["trim"] or [0, 0, roll.width, page]
    pixels = _srgb(roll).copy_memory()
    is_opaque = pixels[3].min() == 255
    done = bytearray()
    for index in range(roll.height // page):
        frame = pixels.crop(trim[0], trim[1] + index * page, trim[2], trim[3])
        frame = _frame(_resized(frame, job["resize"], is_opaque), job)
        frame = frame if frame.hasalpha() else frame.addalpha()
        done += frame.write_to_memory()
    height = frame.height * (roll.height // page)
    image = pyvips.Image.new_from_memory(done, frame.width, height, 4, "uchar").copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "page-height", frame.height)
    for name in ("delay", "loop"):
        if name in roll.get_fields():
            image.set_type(roll.get_typeof(name), name, roll.get(name))
    return image


def _srgb(image: pyvips.Image) -> pyvips.Image:
    """Red, green, blue and alpha in bytes."""
    if "icc-profile-data" in image.get_fields():
        image = image.icc_transform("srgb", embedded=True)
    elif image.interpretation != "srgb":
        image = image.colourspace("srgb")
    image = image if image.format == "uchar" else image.cast("uchar")
    return image if image.hasalpha() else image.addalpha()


def _resized(image: pyvips.Image, size: list[int], is_opaque: bool) -> pyvips.Image:
    if [image.width, image.height] == size:
        return image
    scale, across = size[0] / image.width, size[1] / image.height
    if is_opaque:
        return image.resize(scale, vscale=across)
    return image.premultiply().resize(scale, vscale=across).unpremultiply().cast("uchar")


def _frame(image: pyvips.Image, job: Job) -> pyvips.Image:
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    if image.format != "uchar":
        image = image.cast("uchar")
    if job["crop"] is not None:
        image = _cut(image, job)
    if job["canvas"] is not None:
        image = _pad(image, job)
    elif job["background"] is not None and image.hasalpha():
        image = _underlay(image, job["background"])
    if "v" in job["flip"] or job["rotate"]:
        image = image.copy_memory()  # a decoder gives rows from top to bottom, and only once
    if "h" in job["flip"]:
        image = image.fliphor()
    if "v" in job["flip"]:
        image = image.flipver()
    if job["rotate"]:
        image = image.rot(f"d{job['rotate']}")
    return _adjust(image, job)


def _cut(image: pyvips.Image, job: Job) -> pyvips.Image:
    width, height = job["crop"]
    if job["crop_at"] is None:
        return image.copy_memory().smartcrop(width, height, interesting="attention")
    return image.crop(*job["crop_at"], width, height)


def _pad(image: pyvips.Image, job: Job) -> pyvips.Image:
    width, height = job["canvas"]
    colour = job["background"]
    if image.hasalpha() and colour[3] == 255:
        image = image.flatten(background=colour[:3])
    elif colour[3] < 255 and not image.hasalpha():
        image = image.addalpha()
    left, top = (width - image.width) // 2, (height - image.height) // 2
    return image.embed(left, top, width, height, extend="background", background=colour[: image.bands])


def _underlay(image: pyvips.Image, colour: list[int]) -> pyvips.Image:
    if colour[3] == 255:
        return image.flatten(background=colour[:3])
    base = image.new_from_image(colour).copy(interpretation="srgb")
    return base.composite2(image, "over").cast("uchar")


def _adjust(image: pyvips.Image, job: Job) -> pyvips.Image:
    if not job["blur"] and not job["sharpen"] and all(job[name] == 1 for name in _ADJUSTMENTS):
        return image
    alpha = image[3] if image.hasalpha() else None
    colour = image[:3].linear(job["brightness"], 0) if job["brightness"] != 1 else image[:3]
    if job["contrast"] != 1:
        colour = colour.linear(job["contrast"], 127.5 * (1 - job["contrast"]))
    if job["gamma"] != 1:
        colour = colour.cast("uchar").gamma(exponent=job["gamma"])  # to the power 1/exponent
    if job["saturation"] != 1:
        colour = colour.recomb(_saturation(job["saturation"]))
    colour = colour.cast("uchar").copy(interpretation="srgb")
    if job["sharpen"]:
        colour = colour.sharpen(sigma=1.0, m1=0, m2=job["sharpen"]).cast("uchar")
    if job["blur"]:
        colour = colour.gaussblur(job["blur"] / 2)
        alpha = alpha.gaussblur(job["blur"] / 2) if alpha is not None else None
    return colour if alpha is None else colour.bandjoin(alpha)


def _saturation(factor: float) -> list[list[float]]:
    """Each channel is moved from the pixel's luminance (Rec. 709 weights) by the factor."""
    weights = (0.2126, 0.7152, 0.0722)
    return [
        [w * (1 - factor) + (factor if row == column else 0) for column, w in enumerate(weights)] for row in range(3)
    ]


def _encoded(image: pyvips.Image, job: Job) -> bytes:
    quality, fast = job["quality"], job["fast"]
    result: bytes
    if job["format"] == "jpeg":
        image, keep = _metadata(image, job["keep"])
        if image.hasalpha():
            image = image.flatten(background=[255, 255, 255])
        result = image.jpegsave_buffer(Q=quality, interlace=job["progressive"], optimize_coding=not fast, keep=keep)
    elif job["format"] == "webp":
        result = image.webpsave_buffer(Q=quality, effort=0 if fast else 2, keep="none")
    elif job["format"] == "png":
        palette = {"palette": True, "Q": quality} if job["palette"] else {}
        result = image.pngsave_buffer(compression=6, keep="none", **palette)
    elif job["format"] == "gif":
        result = image.gifsave_buffer(effort=3, keep="none")
    else:
        result = image.heifsave_buffer(compression="av1", Q=quality, effort=2, keep="none")
    return result


def _metadata(image: pyvips.Image, keep: str) -> tuple[pyvips.Image, str]:
    """`keep`: EXIF, XMP and IPTC stay, without the embedded thumbnail; `copyright`: that one EXIF field."""
    image = image.copy()
    if keep == "keep":
        if "jpeg-thumbnail-data" in image.get_fields():
            image.remove("jpeg-thumbnail-data")
        return image, "exif|xmp|iptc"
    notice = _copyright(image) if keep == "copyright" else b""
    for name in image.get_fields():
        if name.startswith("exif-") or name == "jpeg-thumbnail-data":
            image.remove(name)
    if not notice:
        return image, "none"
    exif = Image.Exif()
    exif[_COPYRIGHT] = notice
    image.set_type(pyvips.GValue.blob_type, "exif-data", exif.tobytes())
    return image, "exif"


def _copyright(image: pyvips.Image) -> bytes:
    """The field's bytes as they are in the file; libvips itself shows EXIF texts only in a translated form."""
    if "exif-data" not in image.get_fields():
        return b""
    exif = Image.Exif()
    try:
        exif.load(image.get("exif-data"))
        notice = exif.get(_COPYRIGHT, "")
    except Exception:  # broken EXIF says nothing; Pillow has many ways to say so
        return b""
    return notice.encode("latin-1", "replace").rstrip(b"\0") if isinstance(notice, str) else b""
