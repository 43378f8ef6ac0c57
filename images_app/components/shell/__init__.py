"""The parts of every signed-in page that live in the browser."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (its JavaScript hears the events and says things)
from images_app.components.lib import Island, jsx


class Switcher(Island):
    """Which workspace this is, and the way to the others; `section` is what to open there."""

    library = jsx("Switcher.jsx")
    tag = "Switcher"

    place: rx.Var[Any]
    places: rx.Var[Any]
    section: rx.Var[str]


class Account(Island):
    """Who is signed in, the theme, and the way out; on the phone (`compact`) also to what the sidebar has."""

    library = jsx("Account.jsx")
    tag = "Account"

    email: rx.Var[str]
    place: rx.Var[str]
    may_manage: rx.Var[bool]
    is_admin: rx.Var[bool]
    compact: rx.Var[bool]


class Live(Island):
    """Hears the events of a workspace, shows whether it does, and passes them on inside the page."""

    library = jsx("Live.jsx")
    tag = "Live"

    workspace: rx.Var[str]
    on_happened: rx.EventHandler[rx.event.no_args_event_spec]
    on_changed: rx.EventHandler[rx.event.no_args_event_spec]
    """What this person may do, or what the workspace is called."""


class OfflineNotice(Island):
    """A strip that is there while the connection is lost."""

    library = jsx("OfflineNotice.jsx")
    tag = "OfflineNotice"


class Paused(Island):
    """A strip that is there while nothing is provisioned; who may resume finds how."""

    library = jsx("Paused.jsx")
    tag = "Paused"

    reason: rx.Var[str]
    message: rx.Var[str]
    may_resume: rx.Var[bool]


class UploadButton(Island):
    """Opens the gallery's file picker; on other pages `gallery` is the way there."""

    library = jsx("UploadButton.jsx")
    tag = "UploadButton"

    compact: rx.Var[bool]
    gallery: rx.Var[str]


class Keyboard(Island):
    """The list of keys: its button, and the key that opens it from anywhere."""

    library = jsx("Keyboard.jsx")
    tag = "Keyboard"

    may_write: rx.Var[bool]


class CreateWorkspace(Island):
    """A button that asks for a name and opens the new workspace."""

    library = jsx("CreateWorkspace.jsx")
    tag = "CreateWorkspace"


class Room(Island):
    """How full the workspace is, where there is a limit."""

    library = jsx("Room.jsx")
    tag = "Room"

    totals: rx.Var[Any]


class SignOut(Island):
    """A button that signs out."""

    library = jsx("SignOut.jsx")
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
