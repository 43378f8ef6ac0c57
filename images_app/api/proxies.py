"""Who asks, when a reverse proxy hands the request on.

A proxy names the client in X-Forwarded-For and the scheme in X-Forwarded-Proto, and so can anybody. They count only
from peers inside IMAGES_TRUSTED_PROXIES: read from the right, where each proxy adds whom it was asked by, until the
first address that is no such proxy. What stands left of that is the client's own word.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

_SECURE = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}


class TrustedProxies:
    """Gives `app` the client's address and scheme as `networks` tell them; without networks, those of the peer."""

    def __init__(self, app: ASGIApp, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        self._app = app
        self._networks = tuple(networks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._networks and scope["type"] in _SECURE:
            peer = _address(scope["client"][0]) if scope.get("client") else None
            if peer is not None and self._are_trusted(peer):
                scope = {**scope, **self._told(scope, peer)}
        await self._app(scope, receive, send)

    def _told(self, scope: Scope, peer: IPv4Address | IPv6Address) -> Scope:
        headers = Headers(scope=scope)
        client = peer
        for text in reversed(_listed(headers, "x-forwarded-for")):
            named = _address(text)
            if named is None:
                break
            client = named
            if not self._are_trusted(client):
                break
        # Of several words the last is the nearest proxy's own.
        schemes = _listed(headers, "x-forwarded-proto")
        scheme = _SECURE[scope["type"]].get(schemes[-1].lower() if schemes else "", scope["scheme"])
        return {"client": (str(client), 0), "scheme": scheme}

    def _are_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def _listed(headers: Headers, name: str) -> list[str]:
    return [part.strip() for value in headers.getlist(name) for part in value.split(",")]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, with or without a port; None for anything else, such as `unknown`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return None if found.scope_id else (found.ipv4_mapped or found)
    return found
