"""The page at `/` of the emulator by itself: images, variants, names of keys, the last calls.

For the API's token (as the password of Basic authentication, or as Bearer), and without any for callers on this very
machine who name it by a loopback name: that name must be in `Host`, so that a web site whose own name leads here is
refused. There is no secret on it: keys by name, calls without their queries, uploads without their ids, and private
images without a picture.
"""

import base64
import binascii
import hashlib
import ipaddress
from html import escape
from sqlite3 import Connection
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from images_app.emulator import account, auth, images, wire
from images_app.emulator.calls import Made
from images_app.emulator.errors import ApiError
from images_app.emulator.images import Image
from images_app.emulator.services import Services

_SHOWN = 60
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
code, td { font: 13px/1.6 ui-monospace, monospace }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1rem; padding: 0 }
li { list-style: none; overflow-wrap: anywhere; font-size: 13px }
li div { height: 8rem; margin-bottom: .4rem; overflow: hidden; display: grid; place-items: center }
li div { background: color-mix(in srgb, currentColor 8%, #0000) }
img { max-width: 100%; max-height: 8rem }
table { border-collapse: collapse; width: 100% } td { padding: 0 .8rem 0 0; overflow-wrap: anywhere }
""".strip()
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' data:",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


async def show(services: Services, request: Request) -> Response:
    """The page, 401 for who may not see it."""
    if request.method not in ("GET", "HEAD"):
        return PlainTextResponse("Method not allowed", 405, {"Allow": "GET, HEAD"})
    if not _may_see(services, request):
        return PlainTextResponse("The API token is the password.", 401, {"WWW-Authenticate": 'Basic realm="Images"'})
    return HTMLResponse(await services.threads.run(_page, services), headers=_HEADERS)


def _may_see(services: Services, request: Request) -> bool:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            token = base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
        return auth.knows(token, services.config)
    if scheme:
        try:
            auth.may_write(request.headers, services.config)
        except ApiError:
            return False
        return True
    return _is_loopback(request.client.host if request.client else "") and _is_loopback(_host(request))


def _host(request: Request) -> str:
    """The name in `Host`, without its port."""
    name = request.headers.get("host", "").lower()
    return name.partition("]")[0].removeprefix("[") if name.startswith("[") else name.partition(":")[0]


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _page(services: Services) -> str:
    with services.store.read() as db:
        count = images.count(db)
        newest, _ = images.page(db, [], ascending=False, after=None, limit=_SHOWN)
        flexible = account.switches(db, flexible=services.config.flexible_variants)["flexible_variants"]
        tables = _variants(db) + _keys(db)
    tail = "width=160,height=120" if flexible else "public"
    shown = "".join(_image(services, image, tail) for image in newest)
    faults = "<p><b>Fault switches are set.</b></p>" if services.faults.any() else ""
    calls = _table([_call(made) for made in services.calls.newest()])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Local Cloudflare Images</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{_STYLE}</style>'
        f"<h1>Local Cloudflare Images</h1><p>Account <code>{escape(services.config.account_id)}</code>, "
        f"delivery <code>/imagedelivery/{escape(services.config.account_hash)}/</code></p>{faults}"
        f"<h2>Images ({count})</h2><ul>{shown}</ul>{tables}<h2>Last calls</h2>{calls}</html>"
    )


def _image(services: Services, image: Image, tail: str) -> str:
    place = f"/imagedelivery/{services.config.account_hash}/{quote(image.id, safe='/')}/{tail}"
    picture = "private" if image.require_signed else f'<img src="{escape(place)}" alt="" loading="lazy">'
    facts = f"{image.width} × {image.height}, {image.format}, {image.size:,} bytes"
    return f"<li><div>{picture}</div>{escape(image.filename)}<br><code>{escape(image.id)}</code><br>{facts}</li>"


def _variants(db: Connection) -> str:
    rows = []
    for variant in account.variants(db):
        facts = ", ".join(f"{name} {value}" for name, value in variant.options.items())
        rows.append([variant.id, facts, "never signed" if variant.never_require_signed else ""])
    return f"<h2>Variants</h2>{_table(rows)}"


def _keys(db: Connection) -> str:
    return f"<h2>Signing keys</h2>{_table([[key['name']] for key in account.keys(db)])}"


def _call(made: Made) -> list[str]:
    path = "/cloudflare/upload/…" if made.operation == "upload" else made.path
    return [wire.moment(made.at_ms), made.method, path, str(made.status), f"{made.took_ms:.1f} ms", made.fault]


def _table(rows: list[list[str]]) -> str:
    lines = ("".join(f"<td>{escape(cell)}" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}' for line in lines)}</table>"
