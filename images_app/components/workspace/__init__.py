"""A workspace itself: its name, what is in it and how much may be."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import Island, jsx, share
from images_app.state.shell import ShellState

share("Limits.jsx")


class WorkspaceSettings(Island):
    """Read and changed over REST."""

    library = jsx("Settings.jsx")
    tag = "WorkspaceSettings"

    place: rx.Var[Any]
    is_admin: rx.Var[bool]


def workspace_settings() -> rx.Component:
    return WorkspaceSettings.create(place=ShellState.place, is_admin=ShellState.is_admin)
