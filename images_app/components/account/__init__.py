"""One's own account, and the page where a password is set with a link."""

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import Island, jsx, share
from images_app.state.shell import ShellState

share("browser.js", "ChangePassword.jsx")


class AccountPage(Island):
    """Password and sessions, over REST."""

    library = jsx("Account.jsx")
    tag = "AccountPage"

    email: rx.Var[str]


class SetPassword(Island):
    """Reads the secret behind the # of the address, and takes it out of there."""

    library = jsx("SetPassword.jsx")
    tag = "SetPassword"


def account_page() -> rx.Component:
    """Not before it is known whose it is."""
    return rx.cond(ShellState.email, AccountPage.create(email=ShellState.email))


set_password = SetPassword.create
