"""Who did what in a workspace, for its owners."""

import reflex as rx

from images_app.components.activity import activity, kinds
from images_app.components.frame import bar, frame
from images_app.components.shell import offline_notice


def page() -> rx.Component:
    return frame(bar("Activity", current="activity"), offline_notice(), kinds(), activity(), current="activity")
