"""How a command ends when it cannot do its work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from images_app.errors import AeontelError, DatabaseUnavailable


def fail(message: str, code: int = 1) -> NoReturn:
    """Say why on stderr, in the product's words, and exit with `code`."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the product's errors into one line and exit code 1; anything else keeps its traceback."""
    try:
        yield
    except DatabaseUnavailable as error:
        fail(str(error))
    except AeontelError as error:
        fail(error.detail)
