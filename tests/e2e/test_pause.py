"""A Cloudflare that refuses everything is told on every page, and an admin goes on from there."""

from playwright.sync_api import Browser, Page, expect

from tests.e2e.people import join, signed_in
from tests.support.photos import photo_jpeg
from tests.support.pipeline import wait_for
from tests.support.server import RunningServer


def upload(server: RunningServer, workspace: str) -> str:
    part = {"file": ("photo.jpg", photo_jpeg(320, 240), "image/jpeg")}
    with server.client() as client:
        answer = client.post("/api/files", data={"workspaceId": workspace}, files=part).raise_for_status()
        return str(answer.json()["id"])


def test_a_full_cloudflare_is_told_to_members_and_resumed_by_an_admin(
    gallery: Page, browser: Browser, server: RunningServer, workspace: str
) -> None:
    join(server, workspace, "waits@example.com", "editor")
    notice = gallery.get_by_role("status", name="Provisioning is paused")
    expect(notice).to_have_count(0)
    assert server.aeontel("cloudflare", "fault", "set", "full", "--on", "create").returncode == 0
    try:
        file_id = upload(server, workspace)
        expect(notice).to_contain_text("Cloudflare Images is full. Uploads are kept")
        expect(notice).to_contain_text("raise the plan")
        with signed_in(browser, server, "waits@example.com", f"/w/{workspace}/files") as page:
            seen = page.get_by_role("status", name="Provisioning is paused")
            expect(seen).to_contain_text("Cloudflare Images is full.")
            expect(seen).not_to_contain_text("plan")
            expect(seen.get_by_role("button")).to_have_count(0)
            page.goto(f"{server.url}/files/{file_id}")
            expect(page.get_by_text("Waiting until Cloudflare takes pictures again.").first).to_be_visible()
    finally:
        server.aeontel("cloudflare", "fault", "clear")
    notice.get_by_role("button", name="Resume now").click()
    expect(notice).to_have_count(0)
    with server.client() as client:
        wait_for(lambda: client.get(f"/api/images/{file_id}").status_code == 200)
    expect(gallery.get_by_role("main").get_by_text("1 image", exact=True).first).to_be_visible()
