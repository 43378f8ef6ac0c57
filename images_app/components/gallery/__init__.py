"""The Content gallery: grid, uploads, live events and viewer, as one component over one page of state at a time."""

from pathlib import Path
from typing import Any

import reflex as rx
from reflex.components.component import NoSSRComponent

from images_app.components.lib import LUCIDE, jsx, share

# Every module is registered, because they import each other from the folder that Reflex links them into.
share(*sorted(path.name for path in Path(__file__).parent.iterdir() if path.suffix in {".js", ".jsx", ".css"}))


class Gallery(NoSSRComponent):
    """Takes pages ({generation, cursor, items, next, total}) as they come and asks for the one after."""

    library = jsx("Gallery.jsx")
    tag = "Gallery"
    lib_dependencies: list[str] = [
        LUCIDE,
        "@tanstack/react-virtual@3.14.26",
        "@uppy/core@6.3.1",
        "@uppy/xhr-upload@6.0.0",
        "thumbhash@0.1.1",
        "yet-another-react-lightbox@3.32.2",
    ]

    page: rx.Var[Any]
    workspace_id: rx.Var[str]
    workspace_name: rx.Var[str]
    can_write: rx.Var[bool]
    can_delete: rx.Var[bool]
    on_need_page: rx.EventHandler[rx.event.passthrough_event_spec(int, str)]
    """(generation, cursor): the page after `cursor`, "" for the first; asked again after a reconnect."""


class GalleryCount(NoSSRComponent):
    """`4,312 images`, kept exact by the gallery on the same page; empty while unknown or none."""

    library = jsx("Count.jsx")
    tag = "GalleryCount"


gallery = Gallery.create
gallery_count = GalleryCount.create
