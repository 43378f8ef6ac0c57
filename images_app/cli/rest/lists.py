"""What list commands have in common: which pages and items, and their forms; and commands about several ids."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from images_app.cli.fault import fail
from images_app.cli.rest.connection import EXIT_FAULT, EXIT_NOT_FOUND, EXIT_USAGE, Session, from_stdin
from images_app.cli.rest.output import Column, Form, dumps, is_for_people, line, say, show_items, show_json

if TYPE_CHECKING:
    from images_app.client.calls import Call
    from images_app.client.results import Page


@dataclass(frozen=True)
class Wish:
    """Which pages, and how they are printed."""

    form: Form
    everything: bool


def show(session: Session, call: "Call[Page[Any]]", wish: Wish, columns: Sequence[Column]) -> None:
    """Print one page, or with --all every one."""
    if wish.everything and "before" in call.params:
        fail("--all goes on from --after, or from the beginning: it cannot go with --before.", EXIT_USAGE)
    pages: list[Page[Any]] = []
    stream = _pages(session, call, wish, pages.append)
    if wish.form is Form.JSON:
        items = [item.body for item in stream]
        show_json(pages[0].body if len(pages) == 1 else {"data": items, "pageInfo": _whole(pages)})
    elif wish.form is Form.JSONL:
        for item in stream:
            line(dumps(item.body))
    else:
        count = show_items(stream, columns)
        if is_for_people() and pages[-1].info.has_next_page:
            info = pages[-1].info
            say(f"{count} of {info.total}: --all shows every one, --after {info.end_cursor} the next.")


def _pages(session: Session, call: "Call[Page[Any]]", wish: Wish, note: Callable[["Page[Any]"], None]) -> Iterator[Any]:
    for page in session.client.pages(call):
        note(page)
        yield from page
        if not wish.everything:
            return


def _whole(pages: "Sequence[Page[Any]]") -> dict[str, Any]:
    """The `pageInfo` of all pages as if they were one."""
    first, last = pages[0].body["pageInfo"], pages[-1].body["pageInfo"]
    filled = next((page.body["pageInfo"] for page in reversed(pages) if len(page)), last)
    return {**last, "hasPreviousPage": first["hasPreviousPage"], "startCursor": first["startCursor"]} | {
        "endCursor": filled["endCursor"]
    }


def chosen_ids(given: str) -> list[str] | None:
    """What --ids names; None when it was not given."""
    return from_stdin(["-"]) if given == "-" else given.split(",") if given else None


def workspace_id(session: Session, given: str) -> str | None:
    """The id of a workspace that was given by id or name; None when none was."""
    if not given or given.startswith("wsp_"):
        return given or None
    found = [each for each in session.client.me().workspaces if each.name == given]
    if not found:
        fail(f"You have no workspace named {given!r}: `aeontel workspace list` shows them.", EXIT_NOT_FOUND)
    if len(found) > 1:
        fail(
            f"{len(found)} workspaces are named {given!r}: give an id of {', '.join(each.id for each in found)}.",
            EXIT_USAGE,
        )
    return found[0].id


def own_workspace(session: Session, given: str) -> str:
    """That, or the only one there is."""
    if chosen := workspace_id(session, given):
        return chosen
    found = session.client.me().workspaces
    if len(found) != 1:
        fail(
            "Which workspace? Give --workspace, or set AEONTEL_WORKSPACE. `aeontel workspace list` shows them.",
            EXIT_USAGE,
        )
    return found[0].id


class Skipped(Exception):
    """One of several that could not be done here, and why, for people."""


def each_of(ids: Sequence[str], act: Callable[[str], None]) -> None:
    """Do something for every id, also after one failed or was Skipped; ends with the first failure's exit code."""
    from images_app.cli.rest.connection import exit_code, told
    from images_app.client import ClientError, NoAnswer, SignedOut

    worst = 0
    for id in ids:
        try:
            act(id)
        except (SignedOut, NoAnswer):
            raise
        except (ClientError, Skipped) as error:
            text = str(error) if isinstance(error, Skipped) else told(error)
            say(f"{id}: {text}" if len(ids) > 1 else text)
            worst = worst or (EXIT_FAULT if isinstance(error, Skipped) else exit_code(error))
    if worst:
        raise typer.Exit(worst)
