"""The Content gallery."""

import reflex as rx

from images_app.components.frame import bar, frame, upload
from images_app.components.gallery import gallery, gallery_count
from images_app.state.gallery import GalleryState
from images_app.state.shell import ShellState


def page() -> rx.Component:
    return frame(
        bar(
            "Images",
            rx.el.span(gallery_count(), class_name="count"),
            rx.el.span(class_name="grow"),
            # An empty gallery has its own button, and a screen has one.
            rx.cond(ShellState.may_write & (ShellState.totals.files > 0), upload("content")),
            current="content",
        ),
        rx.el.div(gallery_count(), class_name="phone-count on-phone"),
        gallery(
            # What the state still holds of another workspace is not this one's.
            page=rx.cond(GalleryState.page.of == ShellState.place.id, GalleryState.page, None),
            workspace_id=ShellState.place.id,
            workspace_name=ShellState.place.name,
            can_write=ShellState.may_write,
            can_delete=ShellState.may_write,
            on_need_page=GalleryState.load_page,
        ),
        current="content",
    )
