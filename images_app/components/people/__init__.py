"""People: the members of a workspace, and everybody who has an account."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import Island, jsx, share
from images_app.state.shell import ShellState

share("roles.js", "Handed.jsx", "Person.jsx")


class Members(Island):
    """The list over REST; it follows the events of the workspace."""

    library = jsx("Members.jsx")
    tag = "Members"

    place: rx.Var[Any]
    email: rx.Var[str]
    may_manage: rx.Var[bool]


class AddMember(Island):
    """The button and its dialogs."""

    library = jsx("AddMember.jsx")
    tag = "AddMember"

    place: rx.Var[Any]
    compact: rx.Var[bool]


class People(Island):
    """Everybody, for admins."""

    library = jsx("People.jsx")
    tag = "People"

    email: rx.Var[str]


class AddPerson(Island):
    """The button and its dialogs."""

    library = jsx("People.jsx")
    tag = "AddPerson"

    compact: rx.Var[bool]


def members() -> rx.Component:
    return Members.create(place=ShellState.place, email=ShellState.email, may_manage=ShellState.may_manage)


def add_member(*, compact: bool = False) -> rx.Component:
    """Nothing for who may not."""
    return rx.cond(ShellState.may_manage, AddMember.create(place=ShellState.place, compact=compact))


def people() -> rx.Component:
    """Not before it is known who asks."""
    return rx.cond(ShellState.email, People.create(email=ShellState.email))


def add_person(*, compact: bool = False) -> rx.Component:
    return AddPerson.create(compact=compact)
