"""What is shown when a page itself fails."""

import reflex as rx
from reflex_components_core.base.error_boundary import error_boundary


def broken() -> rx.Component:
    """The boundary around every page: says that it failed, and offers the one thing that helps. The fault is logged
    on the server."""
    face = rx.el.main(
        rx.el.div(
            rx.el.span(rx.icon("circle_alert", aria_hidden=True), class_name="glyph bad"),
            rx.el.h1("This page stopped working"),
            rx.el.p("It is our fault, not yours, and your files are safe. Loading the page again usually helps."),
            rx.el.div(
                rx.el.a("Load again", href="", class_name="btn ink"),
                rx.el.a("Go to your images", href="/", class_name="btn line"),
                class_name="do",
            ),
            class_name="in",
        ),
        class_name="face whole",
        role="alert",
    )
    return error_boundary(fallback_render=rx.Var.create(face))
