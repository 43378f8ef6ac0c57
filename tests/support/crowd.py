"""A workspace with thousands of images, made fast: the pictures are really at the local Cloudflare, and the rows are as
the pipeline leaves them; only the walk of each file through the queue and its upload to Cloudflare are left out."""

import base64
import os
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import httpx
from sqlmodel import select

from images_app import bootstrap, ids, keys
from images_app.core import counters
from images_app.emulator import images
from images_app.emulator.content import Content
from images_app.emulator.store import Store
from images_app.models import File, Image, User, Workspace, now
from images_app.settings import load
from tests.support.photos import photo_jpeg
from tests.support.server import ADMIN_EMAIL, TLS, RunningServer

SHAPES = ((300, 200), (200, 300), (320, 180), (240, 240), (400, 160), (180, 240), (360, 240), (150, 300))
_THUMBHASH = base64.b64encode(bytes.fromhex("1c081a0d7f877887807788707868877078")).decode()


def fill(server: RunningServer, workspace_id: str, count: int) -> None:
    """Add `count` images, whose names are numbered from the oldest (`photo-00000.jpg`)."""
    pictures = [photo_jpeg(width, height, seed=i) for i, (width, height) in enumerate(SHAPES)]
    remote = _at_cloudflare(server, pictures, count)
    world = bootstrap.build(load(data_dir=server.data_dir, port=server.port, _env_file=None))
    try:
        with world.database.write() as session:
            admin = session.exec(select(User).where(User.email == ADMIN_EMAIL)).one()
            workspace = session.get_one(Workspace, workspace_id)
            began = now() - timedelta(seconds=count)
            for number, cf_image_id in enumerate(remote):
                width, height = SHAPES[number % len(SHAPES)]
                at = began + timedelta(seconds=number)
                file = File(
                    id=ids.new("fil"),
                    workspace_id=workspace.id,
                    created_by=admin.id,
                    name=f"photo-{number:05}.jpg",
                    mime="image/jpeg",
                    size=len(pictures[number % len(SHAPES)]),
                    sha256="0" * 64,
                    object_key=f"{workspace.bucket}/crowd/{number}.jpg",
                    provisioning_state="done",
                    run=1,
                    attempt=1,
                    created_at=at,
                    updated_at=at,
                )
                image = Image(
                    id=ids.image_of(file.id),
                    file_id=file.id,
                    workspace_id=workspace.id,
                    cf_image_id=cf_image_id,
                    width=width,
                    height=height,
                    size=file.size,
                    thumbhash=_THUMBHASH,
                    created_at=at,
                )
                session.add_all((file, image))
            for name in ("files", "files:ready", "images"):
                counters.add(session, workspace.id, name, count)
    finally:
        world.close()


def _at_cloudflare(server: RunningServer, pictures: Sequence[bytes], count: int) -> list[str]:
    """The ids of so many images. Each picture is uploaded once; the others are the same images again, under ids and
    with files of their own: to upload thousands took half a minute of a core."""
    with _signed_in(server) as client:
        first = [_create(client, f"{number}.jpg", picture) for number, picture in enumerate(pictures[:count])]
    folder = server.data_dir / "cloudflare"
    content, store = Content(folder), Store(folder / "images.db")
    try:
        with store.write() as db:
            of = [image for image_id in first if (image := images.find(db, image_id))]
            for number in range(len(first), count):
                same = of[number % len(of)]
                again = replace(same, id=str(uuid.uuid4()), filename=f"{number}.jpg", blob=secrets.token_hex(16))
                os.link(content.path(same.blob), content.path(again.blob))
                images.insert(db, again)
                first.append(again.id)
    finally:
        store.close()
    return first


def _signed_in(server: RunningServer) -> httpx.Client:
    """A client of the account's images."""
    own = keys.load(server.data_dir / "keys", "")
    return httpx.Client(
        base_url=f"{server.url}/cloudflare/client/v4/accounts/{own.cloudflare_account_id}/images",
        headers={"Authorization": f"Bearer {own.cloudflare_api_token}"},
        timeout=60,
        verify=TLS,
    )


def _create(client: httpx.Client, name: str, picture: bytes) -> str:
    answer = client.post("/v1", files={"file": (name, picture, "image/jpeg")}).raise_for_status()
    return str(answer.json()["result"]["id"])
