"""Files that were thrown away and can still come back."""

import reflex as rx

from images_app.components.files import empty_trash, file_list
from images_app.components.frame import bar, files_count, frame
from images_app.components.shell import offline_notice
from images_app.state.files import FilesState
from images_app.state.shell import ShellState


def page() -> rx.Component:
    total = ShellState.totals.trash
    return frame(
        bar(
            "Trash",
            files_count(total),
            rx.el.span(class_name="grow"),
            empty_trash(),
            current="trash",
            on_phone=empty_trash(compact=True),
        ),
        offline_notice(),
        rx.cond(
            total > 0,
            rx.el.p(
                f"Files stay here for {FilesState.trash_days} days, then they are deleted for good. "
                "Restoring a picture brings it back to the gallery.",
                class_name="intro soft",
            ),
        ),
        file_list("trash"),
        current="trash",
    )
