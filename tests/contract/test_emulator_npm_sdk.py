"""The official npm SDK through every method that it has for Images: `npm_sdk/walk.mjs` walks, this judges."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support import npm, photos
from tests.support.emulator import ACCOUNT_ID, TOKEN, Page

JPEG = photos.quadrants()
FOLDER = Path(__file__).with_name("npm_sdk")


@pytest.fixture(scope="module")
def seen(emulator, origin):
    npm.install(FOLDER)
    origin.pages["/objects/npm.jpg"] = Page(JPEG)
    arguments = [emulator.api_base, ACCOUNT_ID, TOKEN, f"{origin.url}/objects/npm.jpg"]
    walk = subprocess.run(
        [npm.BIN / "node", "walk.mjs", *arguments], cwd=FOLDER, input=JPEG, capture_output=True, timeout=60
    )
    assert walk.returncode == 0, walk.stderr.decode()
    return json.loads(walk.stdout)


def test_images(seen):
    created = seen["created"]
    assert (created["filename"], created["meta"], created["creator"]) == ("a.jpg", {"n": 1}, "npm")
    assert seen["details"] == created
    assert seen["blobIsSame"] is True
    assert (seen["copied"]["id"], seen["copied"]["filename"]) == ("npm/from url.jpg", "npm.jpg")
    assert seen["copiedAgain"] == seen["copied"]
    assert seen["nested"]["meta"] == {"k": "v", "n": {"z": "1"}}
    assert (seen["edited"]["id"], seen["edited"]["meta"]) == (created["id"], {"b": 2})
    assert seen["private"]["id"] != created["id"]
    assert seen["private"]["requireSignedURLs"] is True
    assert seen["deleted"] == {}
    assert seen["gone"] == {"name": "NotFoundError", "status": 404, "code": 5404}
    assert seen["stats"]["count"]["current"] > 0


def test_lists(seen):
    assert seen["oldList"] == [seen["created"]["id"]]
    assert seen["oldListIterated"] == []  # the SDK's pager looks for result.items, which the API does not have
    assert [image["id"] for image in seen["newList"]["images"]] == [seen["created"]["id"]]
    assert seen["newList"]["continuation_token"] is None


def test_keys(seen):
    assert seen["keysAfter"] == [*seen["keysBefore"], "npm"]
    assert seen["keysLast"] == seen["keysBefore"]


def test_variants(seen):
    options = {"fit": "cover", "width": 40, "height": 30, "metadata": "none"}
    assert seen["variant"] == {"id": "npm", "options": options, "neverRequireSignedURLs": False}
    assert seen["variantRead"] == seen["variant"]
    assert seen["variantEdited"]["options"] == options | {"width": 50}
    assert {"public", "npm"} <= set(seen["variants"])
    assert seen["variantGone"] == {"name": "NotFoundError", "status": 404, "code": 5401}


def test_a_direct_upload(seen):
    assert (seen["waiting"]["draft"], seen["waiting"]["meta"]) == (True, {"d": 1})
    assert seen["uploaded"] == 200
    assert "draft" not in seen["arrived"]


def test_every_method_of_the_sdk_is_known_to_this_walk(seen):
    """A new version of the SDK with a new method is seen here."""
    assert [sorted(names) for names in seen["methods"]] == [
        ["create", "delete", "edit", "get", "list"],
        ["delete", "list", "update"],
        ["create", "delete", "edit", "get", "list"],
        ["get"],
        ["get"],
        ["list"],
        ["create"],
    ]
