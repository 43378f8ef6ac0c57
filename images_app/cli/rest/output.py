"""What commands print: tables for people, tab-separated lines into pipes, JSON when asked for.

Names, EXIF and whatever else the server passes on were written by strangers: nothing of it reaches a terminal that is
not printable, so that no escape sequence moves the cursor, changes a title or colours what is not its own.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import typer

from images_app.cli.fault import fail

_HIDDEN = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
"""What JSON may have as it is, and a terminal should not get."""


class Form(Enum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


def form(as_json: bool, as_jsonl: bool) -> Form:
    """Of the two flags."""
    if as_json and as_jsonl:
        fail("--json and --jsonl are one or the other.", 2)
    return Form.JSON if as_json else Form.JSONL if as_jsonl else Form.TEXT


def is_for_people() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def safe(value: object) -> str:
    """One line of printable text, whatever it was: what is not printable becomes `\\xNN` or `\\uNNNN`."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "replace").decode() for char in text)


def dumps(body: object, *, indent: int | None = None) -> str:
    """JSON that means exactly what the server sent."""
    text = json.dumps(body, ensure_ascii=False, indent=indent)
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def line(text: str) -> None:
    """To stdout, at once: whoever reads a pipe should not have to wait. `text` is safe already."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show_json(body: object) -> None:
    """A whole body; indented where somebody looks at it."""
    line(dumps(body, indent=2 if is_for_people() else None))


Column = tuple[str, Callable[[Any], object]]
_MAY_WRAP = ("name", "url", "data", "e-mail", "scopes")
"""Columns that give way in a narrow terminal; ids stay whole, to be copied."""


def show_items(items: Iterable[Any], columns: Sequence[Column]) -> int:
    """A table, or lines with tabs when stdout is no terminal; how many there were."""
    if not is_for_people():
        count = 0
        for item in items:
            line("\t".join(safe(cell(get(item))) for _, get in columns))
            count += 1
        return count
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, _ in columns:
        table.add_column(name, overflow="fold", no_wrap=name not in _MAY_WRAP)
    for item in items:
        table.add_row(*(Text(safe(cell(get(item)))) for _, get in columns))
    Console().print(table)
    return table.row_count


def show_one(rows: Mapping[str, object]) -> None:
    """Names and values of one thing."""
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        if is_for_people():
            line(f"{name:{width}}  {safe(cell(value))}")
        else:
            line(f"{name}\t{safe(cell(value))}")


def cell(value: object) -> object:
    """A value as a table shows it."""
    match value:
        case None:
            return "-"
        case True | False:
            return "yes" if value else "no"
        case datetime():
            return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        case list() | tuple():
            return " ".join(str(each) for each in value) or "-"
    return value


def amount(size: int | None) -> str:
    """Bytes for people."""
    if size is None:
        return "-"
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def say(text: str) -> None:
    """To people, beside the results: stderr."""
    typer.echo(safe(text), err=True)
