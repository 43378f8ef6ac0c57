"""All files, or those that need somebody. Links, so that each has an address."""

import reflex as rx
from reflex_components_core.react_router import link

from images_app.components.frame import number, path
from images_app.state.files import FilesState
from images_app.state.shell import ShellState


def tabs() -> rx.Component:
    failed = ShellState.totals.failed
    return rx.el.div(
        rx.el.nav(
            _tab("All", "all", path("files"), rx.el.span(number(ShellState.totals.files), class_name="muted")),
            _tab(
                "Failed",
                "failed",
                f"{path('files')}?show=failed",
                rx.el.span(number(failed), class_name=rx.cond(failed > 0, "bad", "muted")),
            ),
            class_name="seg num",
            custom_attrs={"aria-label": "Which files"},
        ),
        class_name="sub",
    )


def _tab(name: str, show: str, to: rx.Var[str] | str, total: rx.Component) -> rx.Component:
    chosen = rx.cond(FilesState.show == show, "page", "false")
    return link(name, " ", total, to=to, custom_attrs={"aria-current": chosen})
