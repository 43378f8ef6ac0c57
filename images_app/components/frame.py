"""Sidebar, bar and, on the phone, the bar at the bottom."""

from typing import Literal

import reflex as rx
from reflex_components_core.react_router import link

from images_app.components import shell
from images_app.components.login import session_ended
from images_app.state.shell import ShellState

Section = Literal["content", "files", "trash", "members", "activity", "settings", "tokens", "account", "people"]
_OF_NO_WORKSPACE = ("tokens", "account", "people")
_SECTIONS: tuple[tuple[Section, str, str, rx.Var[int]], ...] = (
    ("content", "Images", "images", ShellState.totals.images),
    ("files", "Files", "files", ShellState.totals.files),
    ("trash", "Trash", "trash_2", ShellState.totals.trash),
)


def number(value: rx.Var[int]) -> rx.Var[str]:
    """1024 as 1,024."""
    return rx.Var(f'({value}).toLocaleString("en-GB")', _var_type=str, _var_data=value._get_all_var_data())


def files_count(total: rx.Var[int]) -> rx.Component:
    """`4,390 files`; nothing for none, because the page then says so itself."""
    return counted(total, "file", "files")


def counted(total: rx.Var[int], one: str, many: str) -> rx.Component:
    """`6 people`, beside a title; nothing for none."""
    return rx.cond(
        total > 0, rx.el.span(number(total), rx.cond(total == 1, f" {one}", f" {many}"), class_name="count num")
    )


def path(section: Section) -> rx.Var[str] | str:
    """Where a section is: of the open workspace, or of nobody's. Until the workspace is known: where one is, so that
    whoever is faster than the first answer does not come to a page that does not exist."""
    if section in _OF_NO_WORKSPACE:
        return f"/settings/{section}"
    return rx.cond(ShellState.place.id, f"/w/{ShellState.place.id}/{section}", "")


def _here(section: Section, current: Section) -> dict[str, str]:
    return {"aria-current": "page"} if section == current else {}


def _entry(section: Section, name: str, icon: str, current: Section, total: rx.Var[int] | None = None) -> rx.Component:
    return link(
        rx.icon(icon, aria_hidden=True),
        rx.el.span(name),
        *([] if total is None else [rx.cond(total > 0, rx.el.span(number(total), class_name="count num"))]),
        to=path(section),
        custom_attrs=_here(section, current),
    )


def _nav(name: str, *entries: rx.Component) -> rx.Component:
    return rx.el.nav(rx.el.h2(name), *entries, class_name="nav", custom_attrs={"aria-label": name})


def _side(current: Section) -> rx.Component:
    content = [_entry(section, name, icon, current, total) for section, name, icon, total in _SECTIONS]
    of_owners = rx.fragment(
        _entry("activity", "Activity", "history", current),
        _entry("settings", "Settings", "settings", current),
    )
    return rx.el.aside(
        _switcher(current),
        rx.cond(ShellState.place.id, _nav("Content", *content)),
        _nav(
            "Workspace",
            rx.cond(ShellState.place.id, _entry("members", "Members", "users", current, ShellState.totals.members)),
            rx.cond(ShellState.may_manage, of_owners),
            _entry("tokens", "API tokens", "key_round", current),
        ),
        rx.el.div(
            shell.room(totals=ShellState.totals),
            shell.live(
                workspace=ShellState.place.id,
                on_happened=ShellState.count_again,
                on_changed=ShellState.look_again,
            ),
            rx.el.div(
                _account(),
                shell.keyboard(may_write=ShellState.may_write),
                class_name="foot-row",
            ),
            class_name="side-foot",
        ),
        class_name="side",
        custom_attrs={"aria-label": "Sidebar"},
    )


def _switcher(current: Section) -> rx.Component:
    section = "content" if current in _OF_NO_WORKSPACE else current
    return shell.switcher(place=ShellState.place, places=ShellState.places, section=section)


def _account(**props: bool) -> rx.Component:
    return shell.account(
        email=ShellState.email,
        place=ShellState.place.id,
        may_manage=ShellState.may_manage,
        is_admin=ShellState.is_admin,
        **props,
    )


def _bottom(current: Section) -> rx.Component:
    images, files, trash = (
        link(rx.icon(icon, aria_hidden=True), name, to=path(section), custom_attrs=_here(section, current))
        for section, name, icon, _ in _SECTIONS
    )
    return rx.el.nav(
        images,
        files,
        rx.cond(ShellState.may_write, upload(current, compact=True)),
        trash,
        _account(compact=True),
        class_name="tabbar on-phone",
        custom_attrs={"aria-label": "Main"},
    )


def upload(current: Section, **props: bool) -> rx.Component:
    """The button that adds pictures, from whichever page."""
    elsewhere = {} if current == "content" else {"gallery": path("content")}
    return shell.upload_button(**props, **elsewhere)


def bar(title: str, *inside: rx.Component, current: Section, on_phone: rx.Component | None = None) -> rx.Component:
    """The line above a page: on the desk its title and tools, on the phone the workspace and `on_phone`."""
    # The bar at the bottom says which of its pages this is.
    is_in_bottom_bar = any(section == current for section, *_ in _SECTIONS)
    return rx.fragment(
        rx.el.header(rx.el.h1(title), *inside, class_name="top on-desk"),
        rx.el.header(
            *([rx.el.h1(title, class_name="sr")] if is_in_bottom_bar else []),
            _switcher(current),
            *([] if on_phone is None else [on_phone]),
            class_name="top on-phone",
        ),
        *([] if is_in_bottom_bar else [rx.el.h1(title, class_name="phone-title on-phone")]),
    )


def frame(*content: rx.Component, current: Section) -> rx.Component:
    """A whole signed-in page around its content; something kind when there is no such place."""
    return rx.fragment(
        rx.cond(
            ShellState.is_missing,
            missing(),
            rx.el.div(
                _side(current),
                rx.el.main(_paused(), *content, class_name="main"),
                _bottom(current),
                class_name="shell",
            ),
        ),
        session_ended(email=ShellState.email, ended=ShellState.session_ended),
    )


def _paused() -> rx.Component:
    why = ShellState.paused
    notice = shell.paused(reason=why.reason, message=why.message, may_resume=ShellState.is_admin)
    return rx.cond(why.reason, notice)


def missing() -> rx.Component:
    """For an address that leads nowhere: it never was, it is gone, or it is not for this visitor."""
    return lone_face(
        "image_off",
        "There is nothing here",
        "The page does not exist, or it belongs to a workspace that you are not a member of.",
        rx.el.a("Go to your images", href="/", class_name="btn ink"),
    )


def homeless() -> rx.Component:
    """For somebody who is signed in and a member of nothing."""
    return lone_face(
        "users",
        "You are not in a workspace yet",
        rx.fragment("Ask an owner to add ", rx.el.b(ShellState.email), ", or create a workspace of your own."),
        shell.create_workspace(),
        shell.sign_out(),
    )


def lone_face(icon: str, title: str, text: str | rx.Component, *doing: rx.Component) -> rx.Component:
    """A page that has only something to say."""
    return rx.el.main(
        rx.el.div(
            rx.el.span(rx.icon(icon, aria_hidden=True), class_name="glyph"),
            rx.el.h1(title),
            rx.el.p(text),
            rx.el.div(*doing, class_name="do"),
            class_name="in",
        ),
        class_name="face whole",
    )
