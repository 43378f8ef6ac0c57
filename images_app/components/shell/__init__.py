"""The parts of every signed-in page that live in the browser."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (its JavaScript hears the events and says things)
from images_app.components.lib import LUCIDE, RADIX_MENU

_SWITCHER = rx.asset("Switcher.jsx", shared=True)
_ACCOUNT = rx.asset("Account.jsx", shared=True)
_LIVE = rx.asset("Live.jsx", shared=True)
_OFFLINE = rx.asset("OfflineNotice.jsx", shared=True)
_SIGN_OUT = rx.asset("SignOut.jsx", shared=True)
_UPLOAD = rx.asset("UploadButton.jsx", shared=True)


class Switcher(rx.Component):
    """Which workspace this is, and the way to the others; `section` is what to open there."""

    library = _SWITCHER.importable_path
    tag = "Switcher"
    lib_dependencies: list[str] = [LUCIDE, RADIX_MENU]

    place: rx.Var[Any]
    places: rx.Var[Any]
    section: rx.Var[str]


class Account(rx.Component):
    """Who is signed in, the theme, and the way out."""

    library = _ACCOUNT.importable_path
    tag = "Account"
    lib_dependencies: list[str] = [LUCIDE, RADIX_MENU]

    email: rx.Var[str]
    compact: rx.Var[bool]


class Live(rx.Component):
    """Hears the events of a workspace, shows whether it does, and passes them on inside the page."""

    library = _LIVE.importable_path
    tag = "Live"

    workspace: rx.Var[str]
    on_happened: rx.EventHandler[rx.event.no_args_event_spec]


class OfflineNotice(rx.Component):
    """A strip that is there while the connection is lost."""

    library = _OFFLINE.importable_path
    tag = "OfflineNotice"
    lib_dependencies: list[str] = [LUCIDE]


class UploadButton(rx.Component):
    """Opens the gallery's file picker; on other pages `gallery` is the way there."""

    library = _UPLOAD.importable_path
    tag = "UploadButton"
    lib_dependencies: list[str] = [LUCIDE]

    compact: rx.Var[bool]
    gallery: rx.Var[str]


class SignOut(rx.Component):
    """A button that signs out."""

    library = _SIGN_OUT.importable_path
    tag = "SignOut"


switcher = Switcher.create
account = Account.create
live = Live.create
offline_notice = OfflineNotice.create
sign_out = SignOut.create
upload_button = UploadButton.create
