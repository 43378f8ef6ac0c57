"""Files that failed while Cloudflare was away, asked for again all at once."""

import hashlib
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect
from sqlmodel import select

from images_app import bootstrap, ids
from images_app.bootstrap import World
from images_app.core import files
from images_app.core.attempt import Outcome, begin
from images_app.core.files import NewFile
from images_app.core.settle import settle
from images_app.models import User, Workspace
from images_app.settings import load
from tests.e2e.conftest import LateSocket
from tests.support.library import viewer_of
from tests.support.photos import photo_jpeg
from tests.support.server import ADMIN_EMAIL, RunningServer


def add_given_up(world: World, workspace_id: str, name: str) -> None:
    """A picture whose run was given up before any worker saw it."""
    with world.database.read() as session:
        owner = session.exec(select(User).where(User.email == ADMIN_EMAIL)).one()
        bucket = session.get_one(Workspace, workspace_id).bucket
    file_id, data = ids.new("fil"), photo_jpeg(320, 240)
    key = f"{bucket}/{file_id}/{name}"
    writer = world.objects.create(key, "image/jpeg")
    writer.write(data)
    writer.commit()
    sha256 = hashlib.sha256(data).hexdigest()
    new = NewFile(file_id, workspace_id, name, "image/jpeg", len(data), sha256, key, is_image=True)
    outcome = Outcome("failed", code="cloudflare_http_503", message="Cloudflare was away.")
    with world.database.write() as session:
        files.register(session, world.queue, viewer_of(owner), new)
        assert begin(session, file_id, 1, 1)
        assert settle(session, world.queue, file_id, 1, 1, outcome, max_attempts=1)


def test_retry_all_brings_what_failed_into_the_gallery(gallery: Page, server: RunningServer, workspace: str) -> None:
    world = bootstrap.build(load(data_dir=server.data_dir, port=server.port, _env_file=None))
    for name in ("first.jpg", "second.jpg"):
        add_given_up(world, workspace, name)
    world.close()
    gallery.goto(f"{server.url}/w/{workspace}/files")
    expect(gallery.get_by_role("row").filter(has_text="Failed")).to_have_count(2)
    expect(gallery.get_by_role("button", name="Retry all")).to_have_count(0)
    gallery.get_by_role("link", name="Failed 2").click()
    gallery.get_by_role("button", name="Retry all").click()
    expect(gallery.get_by_text("2 files on the way again")).to_be_visible()
    gallery.get_by_role("link", name="All 2").click()
    expect(gallery.get_by_role("row").filter(has_text="In the gallery")).to_have_count(2)
    gallery.get_by_role("link", name="Failed 0").click()
    expect(gallery.get_by_role("button", name="Retry all")).to_have_count(0)


def test_what_happens_while_a_list_is_on_its_way_is_shown_in_it(
    context: BrowserContext, server: RunningServer, workspace: str, sign_in: Callable[[Page, str], None]
) -> None:
    world = bootstrap.build(load(data_dir=server.data_dir, port=server.port, _env_file=None))
    add_given_up(world, workspace, "first.jpg")
    world.close()
    page = context.new_page()
    socket = LateSocket(page)
    sign_in(page, f"/w/{workspace}/content")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    page.evaluate("window.heard = []; addEventListener('aeontel:event', (e) => heard.push(e.detail.type))")
    socket.is_late = True
    page.get_by_role("link", name="Files").click()
    while sum("first.jpg" in str(message) for _, message in socket.held) < 2:  # once more because it is live
        page.wait_for_timeout(20)
    with server.client() as api:
        api.post("/api/files/retry", json={"workspaceId": workspace}).raise_for_status()
    page.wait_for_function("() => heard.includes('image.created')")
    page.wait_for_timeout(1000)  # the list takes a breath before it looks who it was
    socket.let_go()
    expect(page.get_by_role("row").filter(has_text="first.jpg")).to_contain_text("In the gallery")
