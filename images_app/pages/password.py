"""Setting a password with a link; nobody is signed in here yet."""

import reflex as rx

from images_app.components.account import set_password
from images_app.components.login import host, mark


def page() -> rx.Component:
    return rx.el.main(
        rx.el.div(mark(), set_password(), class_name="in"),
        rx.el.footer(host()),
        class_name="sign",
    )
