"""API tokens of whoever is signed in."""

import reflex as rx

from images_app.components.frame import bar, frame
from images_app.components.lib import total
from images_app.components.tokens import create_token, tokens


def page() -> rx.Component:
    return frame(
        bar(
            "API tokens",
            total(path="/api/tokens", what="tokens", one="token", many="tokens"),
            rx.el.span(class_name="grow"),
            create_token(),
            current="tokens",
            on_phone=create_token(compact=True),
        ),
        tokens(),
        current="tokens",
    )
