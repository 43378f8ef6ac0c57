"""Files: the lists of them, and the page of one."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import LUCIDE, RADIX_DIALOG, RADIX_MENU
from images_app.state.files import FilesState, FileState
from images_app.state.shell import ShellState

_MODULES = ("actions.js", "reason.js", "useAddress.js", "useRows.js")
for _name in (*_MODULES, "Happenings.jsx", "Rail.jsx", "Status.jsx", "Thumb.jsx"):
    rx.asset(_name, shared=True)
_LIST = rx.asset("FileList.jsx", shared=True)
_PAGE = rx.asset("FilePage.jsx", shared=True)
_EMPTY = rx.asset("EmptyTrash.jsx", shared=True)
_RETRY = rx.asset("RetryAll.jsx", shared=True)


class FileList(rx.Component):
    """Puts the pages of one list together; its rows change by themselves as events arrive."""

    library = _LIST.importable_path
    tag = "FileList"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG, RADIX_MENU]

    show: rx.Var[str]
    page: rx.Var[Any]
    changed: rx.Var[Any]
    may_write: rx.Var[bool]
    on_load_page: rx.EventHandler[rx.event.passthrough_event_spec(int, str)]
    on_look_again: rx.EventHandler[rx.event.passthrough_event_spec(list[str])]


class FilePage(rx.Component):
    """Facts, history and actions of a file; looks again when an event names it."""

    library = _PAGE.importable_path
    tag = "FilePage"
    lib_dependencies: list[str] = [LUCIDE]

    row: rx.Var[Any]
    history: rx.Var[Any]
    may_write: rx.Var[bool]
    place: rx.Var[str]
    on_look_again: rx.EventHandler[rx.event.no_args_event_spec]


class EmptyTrash(rx.Component):
    """A button that deletes everything in the trash for good, after asking."""

    library = _EMPTY.importable_path
    tag = "EmptyTrash"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG]

    workspace: rx.Var[str]
    total: rx.Var[int]
    compact: rx.Var[bool]


class RetryAll(rx.Component):
    """A button that asks again for the images of all failed files."""

    library = _RETRY.importable_path
    tag = "RetryAll"
    lib_dependencies: list[str] = [LUCIDE]

    workspace: rx.Var[str]


def retry_all() -> rx.Component:
    """Beside the list of those that failed, for whoever may and when there are any."""
    is_of_use = (FilesState.show == "failed") & (ShellState.totals.failed > 0)
    return rx.cond(ShellState.may_write & is_of_use, RetryAll.create(workspace=ShellState.place.id))


def empty_trash(*, compact: bool = False) -> rx.Component:
    """Nothing for who may not, or when there is nothing in it."""
    total = ShellState.totals.trash
    button = EmptyTrash.create(workspace=ShellState.place.id, total=total, compact=compact)
    return rx.cond(ShellState.may_write & (total > 0), button)


def file_list(show: rx.Var[str] | str) -> rx.Component:
    """The list that is asked for: `all`, `failed` or `trash`."""
    return FileList.create(
        show=show,
        page=FilesState.page,
        changed=FilesState.changed,
        may_write=ShellState.may_write,
        on_load_page=FilesState.load_page,
        on_look_again=FilesState.look_again,
    )


def file_page() -> rx.Component:
    """The file of the address."""
    return FilePage.create(
        row=FileState.row,
        history=FileState.history,
        may_write=FileState.may_write,
        place=FileState.place.id,
        on_look_again=FileState.look_again,
    )
