"""People: the members of a workspace, and everybody who has an account."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import LUCIDE, RADIX_DIALOG, RADIX_MENU
from images_app.state.shell import ShellState

for _name in ("roles.js", "Handed.jsx", "Person.jsx"):
    rx.asset(_name, shared=True)
_MEMBERS = rx.asset("Members.jsx", shared=True)
_ADD_MEMBER = rx.asset("AddMember.jsx", shared=True)
_PEOPLE = rx.asset("People.jsx", shared=True)


class Members(rx.Component):
    """The list over REST; it follows the events of the workspace."""

    library = _MEMBERS.importable_path
    tag = "Members"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG, RADIX_MENU]

    place: rx.Var[Any]
    email: rx.Var[str]
    may_manage: rx.Var[bool]


class AddMember(rx.Component):
    """The button and its dialogs."""

    library = _ADD_MEMBER.importable_path
    tag = "AddMember"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG]

    place: rx.Var[Any]
    compact: rx.Var[bool]


class People(rx.Component):
    """Everybody, for admins."""

    library = _PEOPLE.importable_path
    tag = "People"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG]

    email: rx.Var[str]


class AddPerson(rx.Component):
    """The button and its dialogs."""

    library = _PEOPLE.importable_path
    tag = "AddPerson"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG]

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
