"""`/` is only the way to a workspace, or to sign in."""

import reflex as rx

from images_app.components.frame import homeless
from images_app.state.shell import ShellState


def page() -> rx.Component:
    return rx.cond(ShellState.is_missing, homeless(), rx.el.main(class_name="face whole", aria_busy=True))
