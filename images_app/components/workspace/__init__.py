"""A workspace itself: its name, what is in it and how much may be."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import LUCIDE
from images_app.state.shell import ShellState

rx.asset("Limits.jsx", shared=True)
_SETTINGS = rx.asset("Settings.jsx", shared=True)


class WorkspaceSettings(rx.Component):
    """Read and changed over REST."""

    library = _SETTINGS.importable_path
    tag = "WorkspaceSettings"
    lib_dependencies: list[str] = [LUCIDE]

    place: rx.Var[Any]
    is_admin: rx.Var[bool]


def workspace_settings() -> rx.Component:
    return WorkspaceSettings.create(place=ShellState.place, is_admin=ShellState.is_admin)
