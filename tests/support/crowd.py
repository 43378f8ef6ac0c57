"""A workspace with thousands of images, made fast: the pictures are really at the local Cloudflare, and the rows are as
the pipeline leaves them; only the walk of each file through the queue is left out."""

import base64
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
from sqlmodel import select

from images_app import bootstrap, ids
from images_app.core import counters
from images_app.models import File, Image, User, Workspace, now
from images_app.settings import load
from tests.support.photos import photo_jpeg
from tests.support.server import ADMIN_EMAIL, RunningServer

SHAPES = ((300, 200), (200, 300), (320, 180), (240, 240), (400, 160), (180, 240), (360, 240), (150, 300))
_THUMBHASH = base64.b64encode(bytes.fromhex("1c081a0d7f877887807788707868877078")).decode()


def fill(server: RunningServer, workspace_id: str, count: int) -> None:
    """Add `count` images, whose names are numbered from the oldest (`photo-00000.jpg`)."""
    pictures = [photo_jpeg(width, height, seed=i) for i, (width, height) in enumerate(SHAPES)]
    remote = _at_cloudflare(server, pictures, count)
    world = bootstrap.build(load(data_dir=server.data_dir, port=server.port))
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
    credentials = json.loads(server.aeontel("cloudflare", "credentials").stdout)
    url = f"{server.url}/cloudflare/client/v4/accounts/{credentials['accountId']}/images/v1"
    with httpx.Client(headers={"Authorization": f"Bearer {credentials['apiToken']}"}, timeout=60) as client:

        def create(number: int) -> str:
            files = {"file": (f"{number}.jpg", pictures[number % len(pictures)], "image/jpeg")}
            answer = client.post(url, files=files).raise_for_status()
            return str(answer.json()["result"]["id"])

        with ThreadPoolExecutor(8) as threads:
            return list(threads.map(create, range(count)))
