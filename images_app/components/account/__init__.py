"""One's own account, and the page where a password is set with a link."""

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import LUCIDE, RADIX_DIALOG
from images_app.state.shell import ShellState

for _name in ("browser.js", "ChangePassword.jsx"):
    rx.asset(_name, shared=True)
_PAGE = rx.asset("Account.jsx", shared=True)
_SET = rx.asset("SetPassword.jsx", shared=True)


class AccountPage(rx.Component):
    """Password and sessions, over REST."""

    library = _PAGE.importable_path
    tag = "AccountPage"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG]

    email: rx.Var[str]


class SetPassword(rx.Component):
    """Reads the secret behind the # of the address, and takes it out of there."""

    library = _SET.importable_path
    tag = "SetPassword"
    lib_dependencies: list[str] = [LUCIDE]


def account_page() -> rx.Component:
    """Not before it is known whose it is."""
    return rx.cond(ShellState.email, AccountPage.create(email=ShellState.email))


set_password = SetPassword.create
