"""Which server a command speaks to and as whom, and how it ends when that does not work."""

import getpass
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from images_app.cli.fault import fail
from images_app.cli.rest import profiles
from images_app.cli.rest.output import safe, say

if TYPE_CHECKING:
    from images_app.client import Client, ClientError

DEFAULT_URL = "http://localhost:3000"
EXIT_FAULT, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_AUTH = 1, 2, 4, 5
EXIT_INTERRUPTED = 130
"""As shells say it of a command that Ctrl-C ended."""


def _never_typed(context: typer.Context, parameter: typer.CallbackParam, value: str) -> str:
    """The list of processes and the shell's history show a command line to others."""
    source = context.get_parameter_source(parameter.name or "")
    if source is not None and source.name == "COMMANDLINE":
        raise typer.BadParameter(
            "a token on the command line can be read by others: use `aeontel login`, or AEONTEL_TOKEN"
        )
    return value


ProfileOption = Annotated[
    str, typer.Option("--profile", envvar="AEONTEL_PROFILE", help="Which sign-in, of several.", show_default=False)
]
UrlOption = Annotated[
    str,
    typer.Option("--url", envvar="AEONTEL_URL", help="The server, when it is not the profile's.", show_default=False),
]
TokenOption = Annotated[
    str, typer.Option("--token", envvar="AEONTEL_TOKEN", hidden=True, callback=_never_typed, show_default=False)
]
_OPTIONS = {"profile": (ProfileOption, profiles.DEFAULT), "url": (UrlOption, ""), "token": (TokenOption, "")}


@dataclass(frozen=True)
class Session:
    """What a command has of its server."""

    profile: str
    given_url: str
    given_token: str

    @cached_property
    def url(self) -> str:
        """The server's address."""
        known = profiles.load().get(self.profile)
        return self.given_url or (known.url if known else DEFAULT_URL)

    @cached_property
    def client(self) -> "Client":
        """Signed in with AEONTEL_TOKEN or with the profile's token."""
        from images_app.client import Client

        return Client(self.url, self.token)

    @contextmanager
    def as_person(self) -> Iterator["Client"]:
        """Signed in with e-mail and password, which are asked for, for this one command."""
        from images_app.client import Client

        say(f"Tokens are managed by people, not by tokens: sign in at {self.url} for this once.")
        email, password = ask("E-mail: "), ask("Password: ", hidden=True)
        with Client(self.url) as client:
            client.sign_in(email, password)
            try:
                yield client
            finally:
                client.sign_out()

    @property
    def token(self) -> str:
        """AEONTEL_TOKEN, or the profile's. Ends the command when there is none for this server."""
        if self.given_token:
            return self.given_token
        known = profiles.load().get(self.profile)
        if known is None:
            named = "" if self.profile == profiles.DEFAULT else f" --profile {self.profile}"
            fail(f"Not signed in. Use `aeontel login{named}`, or set AEONTEL_URL and AEONTEL_TOKEN.", EXIT_AUTH)
        if self.given_url and self.given_url.rstrip("/") != known.url:
            fail(f"The profile's token is for {known.url}, and is not sent to another server. Use `aeontel login "
                 f"--url {self.given_url} --profile NAME`, or set AEONTEL_TOKEN.", EXIT_AUTH)  # fmt: skip
        return known.token


def command(app: typer.Typer, name: str, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function whose first parameter is a Session; it gets --profile and --url besides its own."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def run(*args: Any, **given: Any) -> None:
            session = Session(given.pop("profile"), given.pop("url"), given.pop("token"))
            with errors():
                function(session, *args, **given)

        _, *own = inspect.signature(function).parameters.values()
        more = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for key, (kind, default) in _OPTIONS.items()
        ]
        run.__signature__ = inspect.Signature([*own, *more])  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *more]}
        del run.__wrapped__
        app.command(name, **options)(run)
        return run

    return register


@contextmanager
def errors() -> Iterator[None]:
    """Turn the client's errors into one line that says what to do, and the exit code of its kind."""
    try:
        yield
    except BrokenPipeError:
        sys.stderr.close()  # `| head` has seen enough; Python would complain once more at its end
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        sys.stdout.flush()
        os._exit(EXIT_INTERRUPTED)  # Python itself would wait for the threads that are still sending something
    except Exception as error:
        from images_app.client import ClientError

        if not isinstance(error, ClientError):
            raise
        fail(told(error), exit_code(error))


def exit_code(error: "ClientError") -> int:
    """4: not found, 5: not signed in or not allowed, 2: cannot be meant, 1: the rest."""
    from images_app import client

    match error:
        case client.NotFound():
            return EXIT_NOT_FOUND
        case client.SignedOut() | client.Forbidden():
            return EXIT_AUTH
        case client.BadRequest() | client.InvalidArgument():
            return EXIT_USAGE
    return EXIT_FAULT


def told(error: "ClientError") -> str:
    """What happened and what to do about it, in one line."""
    from images_app import client

    text = safe(error)
    text += "" if text.endswith((".", "!", "?")) else "."
    match error:
        case client.SignedOut(code="bad_credentials"):
            return text
        case client.SignedOut():
            return f"{text} Use `aeontel login`, or set AEONTEL_TOKEN to a token that is valid."
        case client.Forbidden():
            return f"{text} `aeontel whoami` says what this token may do."
        case client.NotFound():
            return f"{text} It does not exist, or this token does not reach it."
        case client.NoAnswer():
            return f"{text} Is the server running, and is this its address?"
        case client.TooManyRequests(retry_after=seconds) if seconds:
            return f"{text} Try again in {seconds:.0f} seconds."
        case client.ServerFault():
            return f"{text} The server's log has it under {safe(error.request_id)}."
    return text


def ask(prompt: str, *, hidden: bool = False) -> str:
    """What somebody types, or the next line of stdin when that is no terminal. Ends the command when there is none."""
    try:
        if not sys.stdin.isatty():
            text = sys.stdin.readline()
        elif hidden:
            text = getpass.getpass(prompt)
        else:
            text = typer.prompt(prompt.rstrip(": "), err=True)
    except EOFError:
        text = ""
    if not text.strip():
        fail(f"{prompt.rstrip(': ')} is needed: type it, or send it through stdin.", EXIT_USAGE)
    return text.strip("\r\n")


def from_stdin(values: list[str]) -> list[str]:
    """Arguments, with `-` replaced by the lines of stdin. Each once, in their order."""
    found: list[str] = []
    for value in values:
        found += [text for each in sys.stdin if (text := each.strip())] if value == "-" else [value]
    return list(dict.fromkeys(found))


def confirm(question: str, *, yes: bool) -> None:
    """Go on only when somebody says so, or has said so with --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail("Nothing was deleted: nobody can be asked here. Say --yes.", EXIT_USAGE)
    if not typer.confirm(question, err=True):
        fail("Nothing was deleted.")
