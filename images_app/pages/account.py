"""One's own account."""

import reflex as rx

from images_app.components.account import account_page
from images_app.components.frame import bar, frame


def page() -> rx.Component:
    return frame(bar("Your account", current="account"), account_page(), current="account")
