"""The pages of a server whose originals are in a bucket: another origin, to which a browser is only ever sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import counted, drop
from tests.support import photos, seaweed
from tests.support.server import RunningServer

PHOTO = photos.photo_jpeg(800, 600)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, web_dir: Path) -> Iterator[RunningServer]:
    with (
        seaweed.shared().settings() as bucket,
        RunningServer(tmp_path_factory.mktemp("bucket") / "data", face=True, web_dir=web_dir, **bucket) as running,
    ):
        yield running
        assert "Traceback" not in running.log, running.log


def test_originals_are_downloaded_under_their_own_names_while_the_page_stays(gallery: Page, workspace: str) -> None:
    drop(gallery, [("Ünder the sea.jpg", "image/jpeg", PHOTO)])
    expect(counted(gallery, "1 image")).to_be_visible()
    where = gallery.url
    gallery.get_by_role("gridcell", name="Ünder the sea.jpg").click()
    expect(gallery.get_by_role("dialog", name="Picture viewer")).to_be_visible()
    with gallery.expect_download() as started:
        gallery.keyboard.press("d")
    assert started.value.suggested_filename == "Ünder the sea.jpg"
    assert Path(started.value.path()).read_bytes() == PHOTO
    gallery.keyboard.press("Escape")
    assert gallery.url.partition("?")[0] == where.partition("?")[0]


def test_a_page_that_somebody_uploaded_is_downloaded_and_never_shown(gallery: Page, workspace: str) -> None:
    drop(gallery, [("evil.html", "text/html", b"<html><script>alert(1)</script></html>")])
    expect(gallery.get_by_text("Stored, not a picture")).to_be_visible()
    gallery.goto(gallery.url.replace("/content", "/files"))
    row = gallery.get_by_role("row").filter(has_text="evil.html")
    expect(row).to_be_visible()
    with gallery.expect_download() as started:
        gallery.evaluate(
            """async (workspace) => {
                const answer = await fetch(`/api/files?workspace_id=${workspace}`);
                const { data } = await answer.json();
                window.location.assign(`/api/files/${data[0].id}/content`);
            }""",
            workspace,
        )
    assert started.value.suggested_filename.startswith("evil.")
