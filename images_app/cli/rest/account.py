"""`aeontel login`, `logout`, `whoami` and `open`."""

import typer

from images_app.cli.fault import fail
from images_app.cli.rest import options, profiles
from images_app.cli.rest.connection import DEFAULT_URL, EXIT_USAGE, ProfileOption, Session, UrlOption, ask, errors
from images_app.cli.rest.lists import workspace_id
from images_app.cli.rest.output import is_for_people, line, safe, say, show_items, show_json, show_one


def login(profile: ProfileOption = profiles.DEFAULT, url: UrlOption = "") -> None:
    """Keep a server's address and a token for it. The token is asked for, or read from stdin."""
    from images_app.client import Client

    with errors():
        known = profiles.load().get(profile)
        address = url or (known.url if known else DEFAULT_URL)
        token = ask(f"Token for {address}: ", hidden=True).strip()
        with Client(address, token, retries=1) as client:
            me = client.me()
            profiles.put(profile, profiles.Profile(url=client.url, token=token))
        say(f"Signed in at {address} as {me.email} ({', '.join(me.scopes)}).")


def logout(profile: ProfileOption = profiles.DEFAULT) -> None:
    """Forget a profile. Its token goes on being valid: `aeontel token revoke` ends one."""
    if not profiles.remove(profile):
        fail(f"There is no profile {profile}.", EXIT_USAGE)
    say("Forgotten on this machine. The token itself is valid until it is revoked.")


def whoami(session: Session, as_json: options.Json = False) -> None:
    """Who the token belongs to, what it may do and which workspaces it reaches."""
    me = session.client.me()
    if as_json:
        show_json(me.body)
        return
    show_one({"e-mail": me.email, "id": me.id, "admin": me.is_admin, "scopes": me.scopes, "server": session.client.url})
    if is_for_people():
        show_items(
            me.workspaces, [("workspace", lambda w: w.id), ("name", lambda w: w.name), ("role", lambda w: w.role)]
        )


def open_gallery(session: Session, workspace: options.Workspace = "") -> None:
    """Open the gallery of a workspace in the browser, and print its address."""
    import webbrowser

    address = session.url
    chosen = workspace_id(session, workspace)
    if chosen is not None:
        address += f"/w/{chosen}/content"
    line(safe(address))
    if not webbrowser.open(address):
        say("There is no browser here: open the address elsewhere.")


def register(app: typer.Typer) -> None:
    """The commands of this module."""
    from images_app.cli.rest.connection import command

    app.command("login")(login)
    app.command("logout")(logout)
    command(app, "whoami")(whoami)
    command(app, "open")(open_gallery)
