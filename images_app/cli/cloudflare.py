"""`aeontel cloudflare`: the local Cloudflare Images, inside the server or by itself, its fault switches, and whether
the Cloudflare Images that is set works."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from images_app.cli import serving
from images_app.cli.fault import fail, plain_errors
from images_app.cli.smoke import smoke

if TYPE_CHECKING:
    from images_app.emulator.faults import Faults

app = typer.Typer(no_args_is_help=True, help="The local Cloudflare Images, and whether the one that is set works.")
fault = typer.Typer(no_args_is_help=True, help="Let calls fail on purpose, to test a client.")
app.add_typer(fault, name="fault")
app.command()(smoke)

_DATA = typer.Option("--data", help="Directory of one that runs by itself; without it, the one inside the server.")
Data = Annotated[Path | None, _DATA]


@app.command()
def credentials(
    data: Data = None,
    everything: Annotated[bool, typer.Option("--all", help="The batch host and the read-only token, too.")] = False,
) -> None:
    """Print what any Cloudflare client needs to use the local one, as JSON."""
    from images_app import keys
    from images_app.emulator import standalone
    from images_app.emulator.config import EmulatorConfig
    from images_app.settings import settings

    if data is not None:
        own = standalone.credentials(_existing(data))
        shown = {"accountId": own.account_id, "accountHash": own.account_hash, "apiToken": own.api_token}
        typer.echo(json.dumps(shown, indent=2))
        return
    with plain_errors():
        if settings().cloudflare == "remote":
            fail("IMAGES_CLOUDFLARE=remote: this server has no Cloudflare Images of its own.")
        kept = keys.load(settings().data_dir / "keys", settings().secret_key)
        config = EmulatorConfig(
            data_dir=settings().data_dir / "cloudflare",
            account_id=kept.cloudflare_account_id,
            account_hash=kept.cloudflare_account_hash,
            api_token=kept.cloudflare_api_token,
            public_delivery_base=settings().delivery_base,
        )
    shown = standalone.shown(config, settings().public_url)
    names = shown if everything else ("apiBase", "accountId", "accountHash", "apiToken", "deliveryBase")
    typer.echo(json.dumps({name: shown[name] for name in names}, indent=2))


@app.command("token-keys")
def token_keys() -> None:
    """Print the secrets of `?token=` URLs by their names, as JSON: what the Worker in front of Cloudflare needs."""
    from images_app import keys
    from images_app.settings import settings

    with plain_errors():
        kept = keys.load(settings().make_data_dir() / "keys", settings().secret_key)
    typer.echo(json.dumps({kept.delivery_token_id: kept.delivery_token}))


@app.command()
def serve(
    data: Annotated[Path, typer.Option(help="Where it keeps its account; made when it is not there.")],
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8787,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    public_url: Annotated[str, typer.Option(help="How clients reach it, when not by host and port.")] = "",
    allow_fetch: Annotated[
        list[str] | None, typer.Option(help="URL prefix that copy-from-URL may reach; may be given again.")
    ] = None,
    allowance: Annotated[
        int | None, typer.Option(min=0, help="How many images the account may have; over it creates get 5453.")
    ] = None,
    account_id: Annotated[
        str, typer.Option(envvar="IMAGES_CLOUDFLARE_ACCOUNT_ID", help="Of a new account; else it is generated.")
    ] = "",
    api_token: Annotated[
        str, typer.Option(envvar="IMAGES_CLOUDFLARE_API_TOKEN", help="Of a new account; else it is generated.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the credentials as one line of JSON.")] = False,
) -> None:
    """Run the local Cloudflare Images alone. Prints its credentials as soon as it answers."""
    from images_app.emulator import standalone

    bases = tuple(allow_fetch or ())
    for base in bases:
        if not base.startswith(("http://", "https://")):
            fail(f"--allow-fetch {base}: a URL prefix begins with http:// or https://", 2)
    serving.require_free_port(host, port, "--port 8788")
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - comparing, not binding
    url = public_url.rstrip("/") or f"http://{name}:{port}"
    try:
        own = standalone.credentials(data, account_id=account_id, api_token=api_token)
    except ValueError as error:
        fail(f"{error}. Give it those, or another --data.", 2)
    config = standalone.configure(data, own, public_url=url, fetch_bases=bases, allowance=allowance)
    with serving.built_to_stay():
        from images_app.bodies import ReadOn
        from images_app.emulator.app import create_app  # in here, as this is what takes time

        emulator = ReadOn(create_app(config))
    shown = standalone.shown(config, url)
    text = json.dumps(shown) if as_json else _welcome(url, shown)
    serving.announce(host, port, text)
    serving.serve(emulator, host, port)


def _welcome(url: str, shown: dict[str, str]) -> str:
    lines = [f"{name + ':':14} {value}" for name, value in shown.items()]
    return "\n".join(["", f"Local Cloudflare Images: {url}", *lines, "Ctrl-C ends it.", ""])


@fault.command("set")
def set_fault(
    kind: Annotated[str, typer.Argument(help="rate-limit, error, full, revoked, hang, cut or lose.")],
    data: Data = None,
    on: Annotated[str, typer.Option(help="An operation such as create, get, list, delivery; * is every one.")] = "*",
    times: Annotated[int | None, typer.Option(help="How many calls; until it is cleared when left out.")] = None,
    rate: Annotated[float, typer.Option(help="The share of calls, 0 to 1.")] = 1.0,
    status: Annotated[int, typer.Option(help="HTTP status of an error, 500 to 599.")] = 500,
    retry_after: Annotated[int, typer.Option(help="Seconds, with rate-limit.")] = 1,
    seconds: Annotated[float, typer.Option(help="How long hang and lose keep the connection.")] = 0.0,
) -> None:
    """Add a fault. It holds at once, for every process of the account, until it is used up or cleared."""
    from images_app.emulator import faults
    from images_app.emulator.control import OPERATIONS
    from images_app.emulator.errors import ApiError

    value: dict[str, Any] = {"kind": kind, "operation": on, "rate": rate, "status": status}
    value |= {"times": times, "retry_after": retry_after, "seconds": seconds}
    try:
        wanted = faults.parse(value, OPERATIONS)
        switches = _switches(data)
        switches.add([wanted])
    except ApiError as error:
        fail(error.message, 2)
    typer.echo(json.dumps(switches.all(), indent=2))


@fault.command("list")
def list_faults(data: Data = None) -> None:
    """Print every fault and how often it struck, as JSON."""
    typer.echo(json.dumps(_switches(data).all(), indent=2))


@fault.command("clear")
def clear_faults(data: Data = None) -> None:
    """Let nothing fail any more."""
    _switches(data).replace([])


def _switches(data: Path | None) -> "Faults":
    from images_app.emulator.faults import Faults
    from images_app.emulator.store import Store
    from images_app.settings import settings

    with plain_errors():
        folder = _existing(settings().data_dir / "cloudflare" if data is None else data)
    store = Store(folder / "images.db")
    store.prepare()
    return Faults(store)


def _existing(folder: Path) -> Path:
    if not (folder / "images.db").exists():
        fail(f"There is no local Cloudflare Images in {folder}: start it once.")
    return folder
