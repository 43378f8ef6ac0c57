"""Every file of a workspace, pictures or not."""

import reflex as rx

from images_app.components.files import file_list, retry_all
from images_app.components.files.tabs import tabs
from images_app.components.frame import bar, files_count, frame, upload
from images_app.components.shell import offline_notice
from images_app.state.files import FilesState
from images_app.state.shell import ShellState


def page() -> rx.Component:
    total = ShellState.totals.files
    return frame(
        bar(
            "Files",
            files_count(total),
            rx.el.span(class_name="grow"),
            retry_all(),
            rx.cond(ShellState.may_write, upload("files")),
            current="files",
        ),
        offline_notice(),
        tabs(),
        file_list(FilesState.show),
        current="files",
    )
