"""Who did what in a workspace."""

from typing import Any

import reflex as rx
from reflex_components_core.react_router import link

from images_app.components import files, gallery  # noqa: F401 (the words for numbers and failures come from there)
from images_app.components.frame import path
from images_app.components.lib import Island, jsx, share
from images_app.state.activity import ActivityState

share("said.js")
_KINDS = (("all", "All"), ("files", "Files"), ("gallery", "Gallery"), ("people", "People"), ("tools", "Tools"))


class Activity(Island):
    """Puts the pages of the log together; what has just happened comes by itself."""

    library = jsx("Activity.jsx")
    tag = "Activity"

    kind: rx.Var[str]
    page: rx.Var[Any]
    on_load_page: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def activity() -> rx.Component:
    return Activity.create(kind=ActivityState.kind, page=ActivityState.page, on_load_page=ActivityState.load_page)


def kinds() -> rx.Component:
    """What to show of it. Links, so that each has an address."""
    tabs = [
        link(
            name,
            to=path("activity") if kind == "all" else f"{path('activity')}?kind={kind}",
            custom_attrs={"aria-current": rx.cond(ActivityState.kind == kind, "page", "false")},
        )
        for kind, name in _KINDS
    ]
    return rx.el.div(
        rx.el.nav(*tabs, class_name="seg", custom_attrs={"aria-label": "Which activity"}), class_name="sub"
    )
