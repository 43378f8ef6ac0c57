"""The same requests to two Cloudflare Images, and in what their answers differ.

What cannot be equal (ids, times, keys, hosts) is reduced to its form, pictures to their type, size and some colours.
"""

import io
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
from PIL import Image

from images_app.emulator.signatures import sign
from tests.support import photos

CREATOR = "aeontel-differential"
JPEG = photos.quadrants(width=1080, height=720)
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"

_AGENT = {"User-Agent": "aeontel-images tests"}

Facts = dict[str, Any]


class Side:
    """One account by its credentials, until it is closed."""

    def __init__(self, api_base: str, account_id: str, token: str) -> None:
        self.api = f"{api_base}/accounts/{account_id}/images"
        self.http = httpx.Client(headers={"Authorization": f"Bearer {token}", **_AGENT}, timeout=60)
        self.public = httpx.Client(headers=_AGENT, timeout=60)

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.public.close()

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.http.request(method, f"{self.api}/{path}", **more)

    def create(self, data: bytes = JPEG, type: str = "image/jpeg", **fields: str) -> httpx.Response:
        files = {"file": ("a.jpg", data, type)}
        return self.call("POST", "v1", files=files, data={"creator": CREATOR, **fields})

    def clean(self) -> None:
        """Delete what the comparison made."""
        for image in self.call("GET", "v2", params={"creator": CREATOR}).json()["result"]["images"]:
            self.call("DELETE", f"v1/{image['id'].replace('%', '%25').replace('/', '%2F')}")


def compare(ours: Side, theirs: Side) -> Iterator[str]:
    """Every deviation, as a line."""
    for name, probe in PROBES.items():
        one, two = (_facts(probe, side) for side in (ours, theirs))
        for key in sorted({*one, *two}):
            if one.get(key) != two.get(key):
                yield f"{name}: {key}: here {one.get(key)!r}, there {two.get(key)!r}"


def _facts(probe: Callable[[Side], Facts], side: Side) -> Facts:
    try:
        return probe(side)
    except Exception as error:  # an answer of another shape is a deviation, not the end of the comparison
        return {"failed": f"{type(error).__name__}: {error}"[:200]}


def _said(answer: httpx.Response) -> Facts:
    """Status, codes, and the shape of the result."""
    try:
        body = answer.json()
    except ValueError:
        return {"status": answer.status_code, "text": re.sub(r":.*", "", answer.text, flags=re.S)[:60]}
    codes = [error["code"] for error in body.get("errors", [])]
    return {"status": answer.status_code, "codes": codes, "success": body.get("success"), "keys": sorted(body)} | {
        f"result.{name}": kind for name, kind in _shape(body.get("result"))
    }


def _shape(value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return [("", type(value).__name__)]
    return [(name, _form(part)) for name, part in value.items()]


def _form(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(value)) + "}"
    if isinstance(value, str):
        if re.fullmatch(r"[0-9a-f]{8}-[0-9a-f-]{27}", value):
            return "uuid"
        return re.sub(r"[0-9]+", "0", value) if re.match(r"[0-9]{4}-[0-9]{2}-", value) else "str"
    if isinstance(value, list):
        return f"list of {type(value[0]).__name__ if value else 'nothing'}"
    return type(value).__name__


def _refusal(**more: Any) -> Callable[[Side], Facts]:
    return lambda side: _said(side.create(**more))


def _call(method: str, path: str, **more: Any) -> Callable[[Side], Facts]:
    return lambda side: _said(side.call(method, path, **more))


def _created(side: Side) -> Facts:
    answer = side.create(metadata=json.dumps({"a": {"b": 1}}))
    result = answer.json()["result"]
    told = {name: result.get(name) for name in ("filename", "meta", "requireSignedURLs", "creator")}
    return (
        _said(answer) | told | {"variant": any(url.endswith(f"/{result['id']}/public") for url in result["variants"])}
    )


def _edited(side: Side) -> Facts:
    image_id = side.create().json()["result"]["id"]
    answer = side.call("PATCH", f"v1/{image_id}", json={"metadata": {"b": 2}})
    private = side.call("PATCH", f"v1/{image_id}", json={"requireSignedURLs": True})
    gone = side.call("GET", f"v1/{image_id}")
    same = private.json()["result"]["id"] == image_id
    return _said(answer) | {"meta": answer.json()["result"]["meta"], "same id": same, "old": gone.status_code}


def _custom(side: Side) -> Facts:
    first, second = (side.create(id=f"{CREATOR}/a b%.jpg") for _ in range(2))
    private = side.create(id=f"{CREATOR}/private", requireSignedURLs="true")
    path = f"v1/{CREATOR}%2Fa%20b%25.jpg"
    read, gone = side.call("GET", path), side.call("DELETE", path)
    answers = {"first": first, "second": second, "private": private, "read": read, "gone": gone}
    return {name: (answer.status_code, _said(answer).get("codes")) for name, answer in answers.items()}


def _draft(side: Side) -> Facts:
    made = side.call("POST", "v2/direct_upload", files={"creator": (None, CREATOR)})
    result = made.json()["result"]
    waiting = side.call("GET", f"v1/{result['id']}")
    file = {"file": ("a.jpg", JPEG, "image/jpeg")}
    first, second = (side.public.post(result["uploadURL"], files=file) for _ in range(2))
    facts = {"waiting " + key: value for key, value in _said(waiting).items()}
    facts |= {"again " + key: value for key, value in _said(second).items()}
    return _said(made) | facts | {"draft": waiting.json()["result"].get("draft"), "uploaded": first.status_code}


def _picture(
    options: str, accept: str = "*/*", data: bytes = JPEG, type: str = "image/jpeg"
) -> Callable[[Side], Facts]:
    def probe(side: Side) -> Facts:
        variants = side.create(data, type).json()["result"]["variants"]
        url = variants[0].rpartition("/")[0]
        answer = side.public.get(f"{url}/{options}", headers={"Accept": accept})
        facts: Facts = {name: answer.headers.get(name) for name in ("content-type", "vary", "cache-control")}
        facts |= {"status": answer.status_code, "error": answer.headers.get("cf-images", "").partition("err=")[2]}
        if answer.headers["content-type"] == "application/json":
            return facts | {"json": answer.json()}
        if not answer.headers["content-type"].startswith("image/") or "svg" in answer.headers["content-type"]:
            return facts
        return facts | _seen(Image.open(io.BytesIO(answer.content)))

    return probe


def _seen(image: Image.Image) -> Facts:
    """Size, frames, and colours on a grid, rounded so that encoders may differ."""
    frames = getattr(image, "n_frames", 1)
    small = image.convert("RGBA")
    at = [(small.width * x // 6, small.height * y // 6) for x in (1, 3, 5) for y in (1, 5)]
    colours = [tuple(round(channel / 32) for channel in small.getpixel(place)) for place in at]
    facts: Facts = {"size": image.size, "frames": frames, "colours": colours}
    facts["orientation"] = image.getexif().get(0x0112)
    return facts | {"progressive": bool(image.info.get("progressive")), "profile": "icc_profile" in image.info}


def _signed(side: Side) -> Facts:
    variants = side.create(requireSignedURLs="true").json()["result"]["variants"]
    url = next(url for url in variants if url.endswith("/public"))
    key = side.call("GET", "v1/keys").json()["result"]["keys"][0]["value"]
    path = urlsplit(url).path.removeprefix("/imagedelivery")  # the emulator's mount point
    facts: Facts = {}
    for name, exp in (("good", int(time.time()) + 600), ("late", int(time.time()) - 600)):
        query = f"exp={exp}"
        answer = side.public.get(f"{url}?{query}&sig={sign(path, query, key)}", headers={"Accept": "*/*"})
        facts[name] = (answer.status_code, answer.headers.get("cf-images", "").partition("err=")[2])
    for name, target in (("unsigned", url), ("flexible", url.replace("/public", "/w=100"))):
        answer = side.public.get(target)
        facts[name] = (answer.status_code, answer.headers.get("cf-images", "").partition("err=")[2])
    return facts


PROBES: dict[str, Callable[[Side], Facts]] = {
    "create": _created,
    "edit": _edited,
    "custom id": _custom,
    "direct upload": _draft,
    "signatures": _signed,
    "keys": _call("GET", "v1/keys"),
    "statistics": _call("GET", "v1/stats"),
    "config": _call("GET", "v1/config"),
    "batch token": _call("GET", "v1/batch_token"),
    "variant public": _call("GET", "v1/variants/public"),
    "list v1": _call("GET", "v1", params={"creator": CREATOR, "per_page": 10}),
    "list v2": _call("GET", "v2", params={"creator": CREATOR}),
    "unknown image": _call("GET", "v1/00000000-0000-4000-8000-000000000000"),
    "unknown variant": _call("GET", "v1/variants/nobody-has-this"),
    "delete unknown": _call("DELETE", "v1/00000000-0000-4000-8000-000000000000"),
    "unknown path": _call("GET", "v3"),
    "page too small": _call("GET", "v2", params={"per_page": 1}),
    "bad order": _call("GET", "v2", params={"sort_order": "up"}),
    "bad operator": _call("GET", "v2", params={"meta.a[not-eq]": "1"}),
    "too many filters": _call("GET", "v2", params={f"meta.a{n}": "1" for n in range(6)}),
    "bad token": _call("GET", "v2", params={"continuation_token": "garbage"}),
    "no form": _call("POST", "v1", content=JPEG, headers={"Content-Type": "image/jpeg"}),
    "bad variant": _call("POST", "v1/variants", json={"id": "a b", "options": {"width": 1}}),
    "wrong type": _refusal(type="application/octet-stream"),
    "no image": _refusal(data=b"<html></html>"),
    "broken off": _refusal(data=JPEG[: len(JPEG) // 2]),
    "tiff": _refusal(data=photos.tiff(64, 48), type="image/tiff"),
    "heic": _refusal(data=photos.heic(64, 48), type="image/heic"),
    "avif": _refusal(data=photos.avif(64, 48), type="image/avif"),
    "png called jpeg": _refusal(data=photos.png(64, 48)),
    "too wide": _refusal(data=photos.png(12_001, 1), type="image/png"),
    "bad metadata": _refusal(metadata="{"),
    "long metadata": _refusal(metadata=json.dumps({"a": "x" * 1024})),
    "list as metadata": _refusal(metadata="[1]"),
    "sdk metadata": _refusal(**{"metadata.a": "1"}),
    "unknown field": _refusal(surprise="1"),
    "id with extension": _refusal(id=f"{CREATOR}/a.exe"),
    "id like a uuid": _refusal(id="0f9a1c1e-5d3b-4b52-9b3a-2f1d9a7b8c6d"),
    **{
        f"deliver {options} for {accept[:12]}": _picture(options, accept)
        for options in ("public", "w=500,h=500", "w=300,h=300,fit=cover,g=left", "w=200,h=400,fit=pad")
        for accept in ("*/*", CHROME)
    },
    **{
        f"deliver {options}": _picture(options)
        for options in (
            "w=1296,h=1296,fit=contain", "w=1296,h=1296,fit=crop", "w=1920,h=1120,fit=aspect-crop",
            "w=1080,h=540,fit=squeeze", "w=100,dpr=2", "w=100,flip=h", "h=108,rotate=90", "flip=h,rotate=90,w=72",
            "trim=360;0;0;0", "w=50,saturation=0", "w=50,brightness=2", "w=50,contrast=2", "w=50,gamma=2",
            "w=90,blur=20", "w=50,f=webp", "w=50,f=avif", "w=50,f=json", "f=jpg", "w=0", "nonsense=1", "w=1,w=2",
            "nobody", "public/width=400", "width=auto", "w=300,h=60,fit=cover,g=0.5x0.9", "w=40,q=50",
            "w=40,compression=fast",
        )
    },
    "turned": _picture("w=60", data=photos.quadrants(6)),
    "animation": _picture("w=50", data=photos.animation(), type="image/gif"),
    "animation as WebP": _picture("w=50", CHROME, photos.animation(), "image/gif"),
    "drawing": _picture("w=50", CHROME, photos.svg(), "image/svg+xml"),
    "cut out": _picture("w=50", "*/*", photos.png(200, 100, alpha=True), "image/png"),
    "cut out as JPEG": _picture("w=50,f=jpeg", "*/*", photos.png(200, 100, alpha=True), "image/png"),
}  # fmt: skip
"""By name. Each makes its own images, marked with the creator, and leaves deleting them to `Side.clean`."""
