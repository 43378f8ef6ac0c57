"""Who is in a workspace, and what each may do."""

import reflex as rx

from images_app.components.frame import bar, counted, frame
from images_app.components.people import add_member, members
from images_app.components.shell import offline_notice
from images_app.state.shell import ShellState


def page() -> rx.Component:
    return frame(
        bar(
            "Members",
            counted(ShellState.totals.members, "person", "people"),
            rx.el.span(class_name="grow"),
            add_member(),
            current="members",
            on_phone=add_member(compact=True),
        ),
        offline_notice(),
        members(),
        current="members",
    )
