"""The parts of every signed-in page that live in the browser."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (its JavaScript hears the events and says things)
from images_app.components.lib import LUCIDE, RADIX_DIALOG, RADIX_MENU

_SWITCHER = rx.asset("Switcher.jsx", shared=True)
_ACCOUNT = rx.asset("Account.jsx", shared=True)
_LIVE = rx.asset("Live.jsx", shared=True)
_OFFLINE = rx.asset("OfflineNotice.jsx", shared=True)
_PAUSED = rx.asset("Paused.jsx", shared=True)
_KEYBOARD = rx.asset("Keyboard.jsx", shared=True)
_CREATE = rx.asset("CreateWorkspace.jsx", shared=True)
_ROOM = rx.asset("Room.jsx", shared=True)
_SIGN_OUT = rx.asset("SignOut.jsx", shared=True)
_UPLOAD = rx.asset("UploadButton.jsx", shared=True)


class Switcher(rx.Component):
    """Which workspace this is, and the way to the others; `section` is what to open there."""

    library = _SWITCHER.importable_path
    tag = "Switcher"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG, RADIX_MENU]

    place: rx.Var[Any]
    places: rx.Var[Any]
    section: rx.Var[str]


class Account(rx.Component):
    """Who is signed in, the theme, and the way out; on the phone (`compact`) also to what the sidebar has."""

    library = _ACCOUNT.importable_path
    tag = "Account"
    lib_dependencies: list[str] = [LUCIDE, RADIX_MENU]

    email: rx.Var[str]
    place: rx.Var[str]
    may_manage: rx.Var[bool]
    is_admin: rx.Var[bool]
    compact: rx.Var[bool]


class Live(rx.Component):
    """Hears the events of a workspace, shows whether it does, and passes them on inside the page."""

    library = _LIVE.importable_path
    tag = "Live"

    workspace: rx.Var[str]
    on_happened: rx.EventHandler[rx.event.no_args_event_spec]
    on_changed: rx.EventHandler[rx.event.no_args_event_spec]
    """What this person may do, or what the workspace is called."""


class OfflineNotice(rx.Component):
    """A strip that is there while the connection is lost."""

    library = _OFFLINE.importable_path
    tag = "OfflineNotice"
    lib_dependencies: list[str] = [LUCIDE]


class Paused(rx.Component):
    """A strip that is there while nothing is provisioned; who may resume finds how."""

    library = _PAUSED.importable_path
    tag = "Paused"
    lib_dependencies: list[str] = [LUCIDE]

    reason: rx.Var[str]
    message: rx.Var[str]
    may_resume: rx.Var[bool]


class UploadButton(rx.Component):
    """Opens the gallery's file picker; on other pages `gallery` is the way there."""

    library = _UPLOAD.importable_path
    tag = "UploadButton"
    lib_dependencies: list[str] = [LUCIDE]

    compact: rx.Var[bool]
    gallery: rx.Var[str]


class Keyboard(rx.Component):
    """The list of keys: its button, and the key that opens it from anywhere."""

    library = _KEYBOARD.importable_path
    tag = "Keyboard"
    lib_dependencies: list[str] = [LUCIDE]

    may_write: rx.Var[bool]


class CreateWorkspace(rx.Component):
    """A button that asks for a name and opens the new workspace."""

    library = _CREATE.importable_path
    tag = "CreateWorkspace"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG]


class Room(rx.Component):
    """How full the workspace is, where there is a limit."""

    library = _ROOM.importable_path
    tag = "Room"

    totals: rx.Var[Any]


class SignOut(rx.Component):
    """A button that signs out."""

    library = _SIGN_OUT.importable_path
    tag = "SignOut"


switcher = Switcher.create
account = Account.create
create_workspace = CreateWorkspace.create
keyboard = Keyboard.create
live = Live.create
room = Room.create
offline_notice = OfflineNotice.create
paused = Paused.create
sign_out = SignOut.create
upload_button = UploadButton.create
