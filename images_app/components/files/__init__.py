"""Files: the lists of them, and the page of one."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import Island, jsx, share
from images_app.state.files import FilesState, FileState
from images_app.state.shell import ShellState

share("actions.js", "reason.js", "useAddress.js", "useRows.js")
share("Happenings.jsx", "Rail.jsx", "Status.jsx", "Thumb.jsx")


class FileList(Island):
    """Puts the pages of one list together; its rows change by themselves as events arrive."""

    library = jsx("FileList.jsx")
    tag = "FileList"

    show: rx.Var[str]
    page: rx.Var[Any]
    changed: rx.Var[Any]
    may_write: rx.Var[bool]
    on_load_page: rx.EventHandler[rx.event.passthrough_event_spec(int, str)]
    on_look_again: rx.EventHandler[rx.event.passthrough_event_spec(list[str])]


class FilePage(Island):
    """Facts, history and actions of a file; looks again when an event names it."""

    library = jsx("FilePage.jsx")
    tag = "FilePage"

    row: rx.Var[Any]
    history: rx.Var[Any]
    may_write: rx.Var[bool]
    place: rx.Var[str]
    on_look_again: rx.EventHandler[rx.event.no_args_event_spec]


class EmptyTrash(Island):
    """A button that deletes everything in the trash for good, after asking."""

    library = jsx("EmptyTrash.jsx")
    tag = "EmptyTrash"

    workspace: rx.Var[str]
    total: rx.Var[int]
    compact: rx.Var[bool]


class RetryAll(Island):
    """A button that asks again for the images of all failed files."""

    library = jsx("RetryAll.jsx")
    tag = "RetryAll"

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
