"""Typed ids: a prefix that names the kind and a UUIDv7 in base 32 (TypeID).

UUIDv7 begins with its creation time, so ids sort by age and serve as keyset cursors by themselves. An image
carries the suffix of its file, so its id survives a retry and its place in the gallery is that of the upload.
"""

from typing import Literal

from typeid import TypeID
from typeid.errors import TypeIDException

Prefix = Literal["usr", "wsp", "ses", "fil", "img", "tok", "lnk", "evt"]


def new(prefix: Prefix) -> str:
    """A fresh id such as ``fil_01m7vpggc6e7a834dncn5fcrp4``."""
    return str(TypeID(prefix=prefix))


def is_id(value: str, prefix: Prefix) -> bool:
    """Whether `value` is a well-formed id of that kind; anything a client may send is accepted as input."""
    try:
        return TypeID.from_string(value).prefix == prefix
    except (TypeIDException, ValueError):
        return False


def image_of(file_id: str) -> str:
    """The id of the image that belongs to a file."""
    return "img_" + file_id.removeprefix("fil_")


def file_of(image_id: str) -> str:
    """The id of the file that an image belongs to."""
    return "fil_" + image_id.removeprefix("img_")
