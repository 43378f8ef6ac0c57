"""Everybody who has an account on this server, for its admins."""

import reflex as rx

from images_app.components.frame import bar, frame
from images_app.components.lib import total
from images_app.components.people import add_person, people


def page() -> rx.Component:
    return frame(
        bar(
            "People",
            total(path="/api/users", what="users", one="person", many="people"),
            rx.el.span(class_name="grow"),
            add_person(),
            current="people",
            on_phone=add_person(compact=True),
        ),
        people(),
        current="people",
    )
