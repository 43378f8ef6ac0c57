"""How the local Cloudflare Images answers a request for a picture: who gets what, and how long it is kept."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from images_app.emulator.signatures import sign
from tests.contract.drawing import CHROME
from tests.support import photos
from tests.support.emulator import ACCOUNT_HASH
from tests.support.http import anybody
from tests.support.pixels import decoded


def test_json_describes_without_pixels(emulator, quadrants):
    assert emulator.deliver(quadrants, "w=300,h=300,fit=cover,f=json").json() == {
        "width": 300,
        "height": 300,
        "original": {
            "file_size": len(photos.quadrants(width=1080, height=720)),
            "width": 1080,
            "height": 720,
            "format": "image/jpeg",
        },
    }


def test_headers_caching_and_304(emulator, quadrants):
    answer = emulator.deliver(quadrants, "w=123")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=172800, stale-while-revalidate=7200"
    assert answer.headers["cf-images"].startswith("internal=ok")
    tag = answer.headers["etag"]
    again = emulator.deliver(quadrants, "w=123", **{"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert emulator.deliver(quadrants, "w=124", **{"If-None-Match": tag}).status_code == 200
    assert emulator.deliver(quadrants, "w=123", CHROME).headers["etag"] != tag
    head = anybody.head(f"{emulator.delivery}/{quadrants}/w=123")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
    assert int(head.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("{hash}/{id}/nobody", 403, 9425),
        ("{hash}/{id}/w=0", 400, 9401),
        ("{hash}/{id}/nonsense=1", 400, 9401),
        ("{hash}/{id}/f=jpg", 400, 9401),
        ("{hash}/{id}/g=face", 400, 9401),
        ("{hash}/{id}/nobody/w=400", 404, 9404),
        ("{hash}/{id}/w=12000,h=12000,fit=cover", 403, 9413),
        ("{hash}/nobody/public", 404, 9404),
        ("{hash}/..%2F..%2Fimages.db/public", 404, 9404),
        ("{hash}/{id}", 400, 9432),
        ("{hash}//public", 400, 9432),
        ("other/{id}/public", 403, 9427),
    ],
)
def test_refusals_are_text_with_a_number(emulator, quadrants, path, status, code):
    answer = anybody.get(f"{emulator.url}/imagedelivery/" + path.format(hash=ACCOUNT_HASH, id=quadrants))
    assert answer.status_code == status
    assert answer.text.startswith(f"ERROR {code}: ")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cf-images"] == f"err={code}"
    assert answer.headers["cache-control"] == "no-store"


def test_the_zone_path_delivers_too(emulator, quadrants):
    answer = anybody.get(f"{emulator.url}/cdn-cgi/imagedelivery/{ACCOUNT_HASH}/{quadrants}/public")
    assert decoded(answer).size == (1080, 720)


def test_the_switch_turns_flexible_variants_off(emulator, quadrants):
    config = f"{emulator.account}/v1/config"
    try:
        changed = emulator.http.patch(config, json={"flexible_variants": False, "browser_ttl": 3600}).json()["result"]
        assert changed == {"flexible_variants": False, "browser_ttl": 3600}
        assert emulator.deliver(quadrants, "w=50").headers["cf-images"] == "err=9429"
        assert "max-age=3600" in emulator.deliver(quadrants, "public").headers["cache-control"]
    finally:
        emulator.http.patch(config, json={"flexible_variants": True, "browser_ttl": 172800})
    assert emulator.deliver(quadrants, "w=50").status_code == 200


def test_private_images_need_a_signature_and_a_named_variant(emulator):
    image_id = emulator.uploaded(photos.quadrants(), requireSignedURLs="true")
    path = f"/{ACCOUNT_HASH}/{image_id}/public"
    key = emulator.http.get(f"{emulator.account}/v1/keys").json()["result"]["keys"][0]["value"]
    began = int(time.time())
    query = f"exp={began + 600}"
    signed = f"public?{query}&sig={sign(path, query, key)}"
    answer = emulator.deliver(image_id, signed)
    assert decoded(answer).size == (120, 80)
    kind, _, age = answer.headers["cache-control"].partition(", max-age=")
    assert kind == "private"
    assert began + 600 - time.time() <= int(age) <= 600
    late = f"exp={int(time.time()) - 1}"
    for tail in (
        "public",
        "public?token=x",
        signed.replace("public", "thumb"),
        signed[:-1],
        f"public?{late}&sig={sign(path, late, key)}",
        "w=100",
        "public/w=100",
        f"w=100?{query}&sig={sign(path.replace('public', 'w=100'), query, key)}",
    ):
        assert emulator.deliver(image_id, tail).headers["cf-images"] == "err=9425", tail
    options = {"fit": "scale-down", "width": 50, "height": 50, "metadata": "none"}
    body = {"id": "open", "options": options, "neverRequireSignedURLs": True}
    emulator.http.post(f"{emulator.account}/v1/variants", json=body)
    assert decoded(emulator.deliver(image_id, "open")).size == (50, 33)


def test_a_deleted_image_is_gone_at_once_and_its_twin_stays(emulator):
    data = photos.quadrants(width=200, height=100)
    one, two = emulator.uploaded(data), emulator.uploaded(data)
    first = emulator.deliver(one, "w=77")
    assert emulator.deliver(two, "w=77").content == first.content
    emulator.http.delete(f"{emulator.account}/v1/{one}")
    assert emulator.deliver(one, "w=77").headers["cf-images"] == "err=9404"
    assert emulator.deliver(two, "w=77").content == first.content
    emulator.http.delete(f"{emulator.account}/v1/{two}")
    assert not list((emulator.data_dir / "cache").rglob(first.headers["etag"].strip('"')))


def test_equal_requests_are_computed_once(emulator):
    image_id = emulator.uploaded(photos.photo_jpeg(1600, 1200))
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: emulator.deliver(image_id, "w=321"), range(48)))
    assert len({answer.content for answer in answers}) == 1
    assert decoded(answers[0]).size == (321, 241)
    assert emulator.deliver(image_id, "h=241,w=321").headers["cf-images"] == "internal=ok/h"
    folder = next((emulator.data_dir / "cache").rglob(answers[0].headers["etag"].strip('"'))).parent
    assert len(list(folder.iterdir())) == 1


def test_long_animations_are_delivered_as_they_came(emulator):
    data = photos.gif_of(60, 1000, 1000)
    image_id = emulator.uploaded(data, type="image/gif")
    assert emulator.deliver(image_id, "w=10").content == data
    assert decoded(emulator.deliver(image_id, "w=10,anim=false")).size == (10, 10)
