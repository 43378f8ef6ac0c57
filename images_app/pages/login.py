"""Signing in."""

import reflex as rx

from images_app.components.login import host, mark, sign_in


def page() -> rx.Component:
    return rx.el.main(
        rx.el.div(
            mark(),
            rx.el.div(rx.el.h1("Sign in"), rx.el.p("to Aeontel Images")),
            sign_in(),
            rx.el.p(
                "No account? Ask an owner of your workspace. ",
                rx.el.a("Forgot your password?", href="/password"),
                class_name="small muted",
            ),
            class_name="in",
        ),
        rx.el.footer(host()),
        class_name="sign",
    )
