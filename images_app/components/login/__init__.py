"""Signing in: the form of the sign-in page, and the dialog that asks again when a session has ended."""

import reflex as rx

from images_app.components import gallery  # noqa: F401 (its JavaScript tells when the session has ended)
from images_app.components.lib import Island, jsx


class SignIn(Island):
    """The form; after signing in it leaves for the page that was asked for, or for `/`."""

    library = jsx("SignIn.jsx")
    tag = "SignIn"


class SessionEnded(Island):
    """Opens when `ended` becomes true, or when any part of the page meets a 401."""

    library = jsx("SessionEnded.jsx")
    tag = "SessionEnded"

    email: rx.Var[str]
    ended: rx.Var[bool]


class Host(Island):
    """The name of this server, as the browser knows it."""

    library = jsx("SignIn.jsx")
    tag = "Host"


def mark() -> rx.Component:
    """The sign of the product: three pictures of a wall."""
    return rx.el.svg(
        rx.el.svg.rect(width="40", height="40", rx="10", fill="currentColor"),
        rx.el.svg.path(
            d="M9 28V14.5A2.5 2.5 0 0 1 11.5 12H17v16zM19.5 28v-7H31v4.5a2.5 2.5 0 0 1-2.5 2.5z"
            "M19.5 18.5V12h9a2.5 2.5 0 0 1 2.5 2.5v4z",
            fill="var(--canvas)",
        ),
        class_name="mark",
        view_box="0 0 40 40",
        aria_hidden=True,
    )


host = Host.create
sign_in = SignIn.create
session_ended = SessionEnded.create
