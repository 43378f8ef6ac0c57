"""One file and what happened to it."""

import reflex as rx

from images_app.components.files import file_page
from images_app.components.frame import frame
from images_app.components.shell import offline_notice


def page() -> rx.Component:
    return frame(file_page(), offline_notice(), current="files")
