"""Signing switched on and off over restarts: every image keeps the privacy it was made with, and is always shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.photos import photo_jpeg
from tests.support.pipeline import wait_for
from tests.support.server import RunningServer


@contextmanager
def serving(data_dir: Path, signing: str) -> Iterator[httpx.Client]:
    with RunningServer(data_dir, url_signing=signing) as server, server.client() as client:
        yield client


def uploaded(client: httpx.Client) -> str:
    """The id of a new image's file, once it is in the gallery."""
    workspace = client.get("/api/me").json()["workspaces"][0]["id"]
    part = {"file": ("photo.jpg", photo_jpeg(320, 240), "image/jpeg")}
    file_id = str(client.post("/api/files", data={"workspaceId": workspace}, files=part).json()["id"])
    wait_for(lambda: client.get(f"/api/images/{file_id}").status_code == 200)
    return file_id


def query_of(client: httpx.Client, file_id: str) -> set[str]:
    """The names in the query of the image's URL; every URL of the image is followed."""
    image = client.get(f"/api/images/{file_id}", params={"include": "variants"}).json()
    assert image["url"] == image["variants"]["public"]
    for url in image["variants"].values():
        assert httpx.get(url, timeout=30).headers["content-type"].startswith("image/"), url
    listed = client.get("/api/images", params={"ids": image["id"]}).json()["data"][0]
    assert listed["url"] == image["url"]
    return set(parse_qs(urlsplit(image["url"]).query))


def test_each_image_keeps_its_privacy_over_every_change_of_the_setting(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, "none") as client:
        public = uploaded(client)
        assert query_of(client, public) == set()
    with serving(data, "cloudflare") as client:
        private = uploaded(client)
        assert query_of(client, private) == {"exp", "sig"}
        assert query_of(client, public) == set()
        url = client.get(f"/api/images/{private}").json()["url"]
        for other in (url.partition("?")[0], f"{url}0", url.replace("/public?", "/width=40?")):
            assert httpx.get(other, timeout=30).headers["cf-images"] == "err=9425"
    with serving(data, "jwt") as client:
        assert query_of(client, private) == {"token"}
        assert query_of(client, uploaded(client)) == {"token"}
        assert query_of(client, public) == set()
    with serving(data, "none") as client:
        assert query_of(client, private) == {"exp", "sig"}
        assert query_of(client, uploaded(client)) == set()
