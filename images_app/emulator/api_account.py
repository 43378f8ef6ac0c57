"""Operations on what belongs to the account: variants, signing keys, switches."""

from collections.abc import Callable
from sqlite3 import Connection
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from images_app.emulator import account, auth, wire
from images_app.emulator.api_images import json_body
from images_app.emulator.routing import Router
from images_app.emulator.services import Services


def routes(router: Router) -> None:
    """Register the operations of this module."""
    router.add("GET", "images/v1/variants", "variants", list_variants)
    router.add("POST", "images/v1/variants", "variants", create_variant)
    router.add("GET", "images/v1/variants/{name}", "variants", get_variant)
    router.add("PATCH", "images/v1/variants/{name}", "variants", edit_variant)
    router.add("DELETE", "images/v1/variants/{name}", "variants", delete_variant)
    router.add("GET", "images/v1/keys", "keys", list_keys)
    router.add("PUT", "images/v1/keys/{name}", "keys", create_key)
    router.add("DELETE", "images/v1/keys/{name}", "keys", delete_key)
    router.add("GET", "images/v1/config", "config", get_config)
    router.add("PATCH", "images/v1/config", "config", change_config)
    router.add("GET", "images/v1/batch_token", "batch-token", batch_token)


async def _write(services: Services, change: Callable[[Connection], Any]) -> Response:
    def run() -> Any:
        with services.store.write() as db:
            return change(db)

    return wire.success(await services.threads.run(run))


async def _read(services: Services, look: Callable[[Connection], Any]) -> Response:
    def run() -> Any:
        with services.store.read() as db:
            return look(db)

    return wire.success(await services.threads.run(run))


async def batch_token(services: Services, request: Request) -> Response:
    """A token for the batch host, which has its own limit of calls."""
    token, expires = auth.new_batch_token(services.config)
    return wire.success({"token": token, "expiresAt": wire.moment(expires * 1000)})


async def list_variants(services: Services, request: Request) -> Response:
    """An object keyed by variant id, not a list."""
    return await _read(services, lambda db: {"variants": {v.id: v.shown() for v in account.variants(db)}})


async def create_variant(services: Services, request: Request) -> Response:
    """A new named variant."""
    body = await json_body(request)
    return await _write(services, lambda db: {"variant": account.create_variant(db, body).shown()})


async def get_variant(services: Services, request: Request, name: str) -> Response:
    """One named variant."""
    return await _read(services, lambda db: {"variant": account.get_variant(db, name).shown()})


async def edit_variant(services: Services, request: Request, name: str) -> Response:
    """Takes effect on delivery at once."""
    body = await json_body(request)
    return await _write(services, lambda db: {"variant": account.edit_variant(db, name, body).shown()})


async def delete_variant(services: Services, request: Request, name: str) -> Response:
    """Its URLs stop working."""
    return await _write(services, lambda db: account.delete_variant(db, name))


async def list_keys(services: Services, request: Request) -> Response:
    """Every signing key."""
    return await _read(services, lambda db: {"keys": account.keys(db)})


async def create_key(services: Services, request: Request, name: str) -> Response:
    """Answers with every key, the new one among them."""
    return await _write(services, lambda db: {"keys": account.create_key(db, name)})


async def delete_key(services: Services, request: Request, name: str) -> Response:
    """Answers with the keys that are left."""
    return await _write(services, lambda db: {"keys": account.delete_key(db, name)})


async def get_config(services: Services, request: Request) -> Response:
    """The switches of the account."""
    return await _read(services, lambda db: account.switches(db, flexible=services.config.flexible_variants))


async def change_config(services: Services, request: Request) -> Response:
    """Change some of them."""
    body = await json_body(request)

    def change(db: Connection) -> dict[str, Any]:
        account.change(db, body)
        return account.switches(db, flexible=services.config.flexible_variants)

    return await _write(services, change)
