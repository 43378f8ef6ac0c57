"""What belongs to the account rather than to one image: named variants, signing keys, switches."""

import hashlib
import json
import re
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from images_app.emulator.config import MAX_SIDE
from images_app.emulator.errors import ApiError

_MAX_VARIANTS = 100
_MAX_KEYS = 10
_FITS = ("scale-down", "contain", "cover", "crop", "pad")
_METADATA = ("keep", "copyright", "none")
_OPTIONS = ("fit", "width", "height", "metadata", "blur", "browser_ttl")
BROWSER_TTL = (3600, 31_536_000)
DEFAULT_BROWSER_TTL = 172_800


@dataclass(frozen=True)
class Variant:
    """A named transformation."""

    id: str
    options: dict[str, Any]
    never_require_signed: bool

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"id": self.id, "options": self.options, "neverRequireSignedURLs": self.never_require_signed}


def variants(db: sqlite3.Connection) -> list[Variant]:
    """In order of creation."""
    return [_variant(row) for row in db.execute("SELECT * FROM variant ORDER BY position")]


def variant_names(db: sqlite3.Connection) -> list[str]:
    """In order of creation, as an image's `variants` has them."""
    return [row[0] for row in db.execute("SELECT id FROM variant ORDER BY position")]


def find_variant(db: sqlite3.Connection, name: str) -> Variant | None:
    """The variant, or None."""
    row = db.execute("SELECT * FROM variant WHERE id = ?", (name,)).fetchone()
    return None if row is None else _variant(row)


def get_variant(db: sqlite3.Connection, name: str) -> Variant:
    """The variant; raises ApiError 5401."""
    variant = find_variant(db, name)
    if variant is None:
        raise ApiError(5401, "Variant not found")
    return variant


def _variant(row: sqlite3.Row) -> Variant:
    return Variant(row["id"], json.loads(row["options"]), bool(row["never_require_signed"]))


def create_variant(db: sqlite3.Connection, body: dict[str, Any]) -> Variant:
    """Raises ApiError 5400, 5409 or 5453."""
    _only(body, ("id", "options", "neverRequireSignedURLs"))
    name = body.get("id")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,99}", name):
        raise ApiError(5400, "Variant id must be 1 to 99 letters, digits, '-' or '_'", pointer="/id")
    variant = Variant(name, _options(body.get("options")), _flag(body, default=False))
    if find_variant(db, name):
        raise ApiError(5409, "Resource already exists")
    if db.execute("SELECT count(*) FROM variant").fetchone()[0] >= _MAX_VARIANTS:
        raise ApiError(5453, f"The account has reached its limit of {_MAX_VARIANTS} variants")
    db.execute(
        "INSERT INTO variant (id, options, never_require_signed) VALUES (?, ?, ?)",
        (name, json.dumps(variant.options), variant.never_require_signed),
    )
    return variant


def edit_variant(db: sqlite3.Connection, name: str, body: dict[str, Any]) -> Variant:
    """Options are replaced as a whole; an absent flag stays. Raises ApiError 5400 or 5401."""
    _only(body, ("options", "neverRequireSignedURLs"))
    before = get_variant(db, name)
    options = _options(body["options"]) if "options" in body else before.options
    variant = Variant(name, options, _flag(body, default=before.never_require_signed))
    db.execute(
        "UPDATE variant SET options = ?, never_require_signed = ? WHERE id = ?",
        (json.dumps(variant.options), variant.never_require_signed, name),
    )
    return variant


def delete_variant(db: sqlite3.Connection, name: str) -> dict[str, Any]:
    """The empty result. Raises ApiError 5401."""
    get_variant(db, name)
    db.execute("DELETE FROM variant WHERE id = ?", (name,))
    return {}


def _options(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ApiError(5400, "Variant options must be an object", pointer="/options")
    _only(given, _OPTIONS, "/options")
    result: dict[str, Any] = {
        "fit": _choice(given, "fit", _FITS, "scale-down"),
        "metadata": _choice(given, "metadata", _METADATA, "none"),
    }
    limits = {"width": (1, MAX_SIDE), "height": (1, MAX_SIDE), "blur": (1, 250), "browser_ttl": BROWSER_TTL}
    for name, (low, high) in limits.items():
        if name in given:
            result[name] = whole(given[name], f"/options/{name}", low, high)
    if "width" not in result and "height" not in result:
        raise ApiError(5400, "Variant options must have a width or a height", pointer="/options")
    return result


def whole(value: Any, pointer: str, low: int, high: int) -> int:
    """A JSON integer within bounds; raises ApiError 5400."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ApiError(5400, f"{pointer} must be a whole number from {low} to {high}", pointer=pointer)
    return value


def _choice(given: dict[str, Any], name: str, choices: tuple[str, ...], default: str) -> str:
    value = given.get(name, default)
    if value not in choices:
        raise ApiError(5400, f"{name} must be one of {', '.join(choices)}", pointer=f"/options/{name}")
    return str(value)


def _flag(body: dict[str, Any], *, default: bool) -> bool:
    value = body.get("neverRequireSignedURLs", default)
    if not isinstance(value, bool):
        raise ApiError(5400, "neverRequireSignedURLs must be a boolean", pointer="/neverRequireSignedURLs")
    return value


def _only(body: dict[str, Any], names: tuple[str, ...], place: str = "") -> None:
    for name in body:
        if name not in names:
            raise ApiError(5400, f"Unknown field {str(name)[:60]!r}", pointer=f"{place}/{name}"[:100])


def keys(db: sqlite3.Connection) -> list[dict[str, str]]:
    """Every signing key, oldest first."""
    return [dict(row) for row in db.execute("SELECT name, value FROM signing_key ORDER BY position")]


def create_key(db: sqlite3.Connection, name: str) -> list[dict[str, str]]:
    """Every key, the new one last. Raises ApiError 5400, 5409 or 5453."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", name):
        raise ApiError(5400, "A signing key's name must be 1 to 20 letters, digits, '-' or '_'")
    if any(key["name"] == name for key in keys(db)):
        raise ApiError(5409, "Resource already exists")
    if len(keys(db)) >= _MAX_KEYS:
        raise ApiError(5453, f"The account has reached its limit of {_MAX_KEYS} signing keys")
    db.execute("INSERT INTO signing_key (name, value) VALUES (?, ?)", (name, secrets.token_hex(32)))
    return keys(db)


def give_default_key(db: sqlite3.Connection, value: str) -> None:
    """Let the key `default` have the value that the operator chose.

    Once for each value: a key that was deleted over the API meanwhile does not come back with the next start.
    """
    digest = hashlib.sha256(value.encode()).hexdigest()
    if not value or setting(db, "given_key", None) == digest:
        return
    db.execute(
        "INSERT INTO signing_key (name, value) VALUES ('default', ?) ON CONFLICT (name) DO UPDATE SET value = ?",
        (value, value),
    )
    db.execute("INSERT OR REPLACE INTO setting VALUES ('given_key', ?)", (json.dumps(digest),))


def delete_key(db: sqlite3.Connection, name: str) -> list[dict[str, str]]:
    """The keys that are left. Raises ApiError 5404 when there is none, 5400 for the last one."""
    if all(key["name"] != name for key in keys(db)):
        raise ApiError(5404, "Signing key not found")
    if len(keys(db)) == 1:
        raise ApiError(5400, "The last signing key cannot be deleted")
    db.execute("DELETE FROM signing_key WHERE name = ?", (name,))
    return keys(db)


def setting(db: sqlite3.Connection, name: str, default: Any) -> Any:
    """A switch of the account."""
    row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return default if row is None else json.loads(row[0])


def switches(db: sqlite3.Connection, *, flexible: bool) -> dict[str, Any]:
    """The account's switches; `flexible` holds until it was set."""
    known = {"flexible_variants": flexible, "browser_ttl": DEFAULT_BROWSER_TTL}
    rows = db.execute("SELECT name, value FROM setting WHERE name IN (?, ?)", tuple(known))
    return known | {name: json.loads(value) for name, value in rows}


def change(db: sqlite3.Connection, body: dict[str, Any]) -> None:
    """Set `flexible_variants` (boolean) and `browser_ttl` (seconds). Raises ApiError 5400."""
    _only(body, ("flexible_variants", "browser_ttl"))
    if not isinstance(body.get("flexible_variants", False), bool):
        raise ApiError(5400, "flexible_variants must be a boolean", pointer="/flexible_variants")
    if "browser_ttl" in body:
        whole(body["browser_ttl"], "/browser_ttl", *BROWSER_TTL)
    db.executemany("INSERT OR REPLACE INTO setting VALUES (?, ?)", [(k, json.dumps(v)) for k, v in body.items()])
