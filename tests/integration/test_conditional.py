"""Entity tags: nothing is sent twice, and nobody gets what was made for somebody else."""

import httpx
import pytest
from sqlmodel import update

from images_app.models import File
from tests.integration.gallery import Gallery, problem
from tests.support.library import add_file, add_image


def tag(answer: httpx.Response) -> str:
    assert answer.status_code == 200
    return answer.headers["etag"]


def again(client: httpx.Client, path: str, seen: str, **params: str) -> httpx.Response:
    return client.get(path, params=params, headers={"If-None-Match": seen})


def test_one_thing_has_a_strong_tag_and_a_list_a_weak_one(gallery: Gallery) -> None:
    image, ws = gallery.image(), gallery.workspace.id
    single = f"/api/images/{image.id} /api/images/by-file/{image.id} /api/files/{image.id} /api/workspaces/{ws} /api/me"
    for path in single.split():
        assert tag(gallery.client.get(path)).startswith('"'), path
    lists = (
        f"/api/images /api/files /api/events /api/workspaces /api/files/{image.id}/events /api/workspaces/{ws}/members"
    )
    for path in lists.split():
        assert tag(gallery.client.get(path)).startswith('W/"'), path


@pytest.mark.parametrize("path", ["/api/images", "/api/files", "/api/events", "/api/workspaces", "/api/me"])
def test_what_was_seen_is_not_sent_again(gallery: Gallery, path: str) -> None:
    gallery.image()
    first = gallery.client.get(path)
    same = again(gallery.client, path, tag(first))
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == tag(first)
    assert same.headers["vary"] == "Authorization, Cookie"
    assert same.headers["cache-control"] == "private, no-cache"
    assert "content-type" not in same.headers
    assert same.headers["x-request-id"]


@pytest.mark.parametrize(
    ("form", "status"),
    [("{}", 304), ("*", 304), ('"x", {}', 304), ("W/{}", 304), ('"x"', 200), ("", 200), ("{}x", 304), ("garbage", 200)],
)
def test_a_tag_is_found_in_every_form_that_the_standard_knows(standing: Gallery, form: str, status: int) -> None:
    path = f"/api/files/{standing.image().id}"
    seen = form.format(tag(standing.client.get(path)))
    assert again(standing.client, path, seen).status_code == status


def test_head_answers_with_the_tag_and_with_304(gallery: Gallery) -> None:
    path = f"/api/images/{gallery.image().id}"
    seen = tag(gallery.client.get(path))
    head = gallery.client.head(path)
    assert (head.status_code, head.headers["etag"], head.content) == (200, seen, b"")
    assert gallery.client.head(path, headers={"If-None-Match": seen}).status_code == 304


def test_a_change_gives_another_tag(gallery: Gallery) -> None:
    file = add_file(gallery.api.world, gallery.ada, gallery.workspace)
    one, all_files = f"/api/files/{file.id}", "/api/files"
    seen = tag(gallery.client.get(one)), tag(gallery.client.get(all_files))
    with gallery.api.world.database.write() as session:
        session.exec(update(File).values(name="other.txt"))
    assert again(gallery.client, one, seen[0]).json()["name"] == "other.txt"
    assert again(gallery.client, all_files, seen[1]).status_code == 200


def test_a_list_changes_with_what_follows_its_page(gallery: Gallery) -> None:
    add_image(gallery.api.world, gallery.ada, gallery.workspace)
    newest = gallery.image()
    seen = tag(gallery.client.get("/api/images", params={"limit": 1}))
    assert again(gallery.client, "/api/images", seen, limit="1").status_code == 304
    gallery.image()
    answer = again(gallery.client, "/api/images", seen, limit="1")
    assert answer.status_code == 200
    assert answer.json()["data"][0]["fileId"] != newest.id


def test_two_people_have_tags_of_their_own(gallery: Gallery) -> None:
    gallery.image()
    stranger = gallery.outsider()
    for path in ("/api/images", "/api/workspaces", "/api/me"):
        assert again(stranger, path, tag(gallery.client.get(path))).status_code == 200


def test_a_tag_opens_nothing(gallery: Gallery) -> None:
    path = f"/api/images/{gallery.image().id}"
    seen = tag(gallery.client.get(path))
    stranger = gallery.outsider()
    for header in (seen, "*"):
        assert problem(again(stranger, path, header)) == (404, "not_found")
        assert again(gallery.api.client(), path, header).status_code == 401


@pytest.mark.parametrize("options", [{"url_signing": "cloudflare", "url_validity_seconds": 3600}])
def test_signed_urls_keep_their_tag_within_their_window(gallery: Gallery) -> None:
    image = gallery.image()
    path = f"/api/images/{image.id}"
    first = gallery.client.get(path)
    second = gallery.client.get(path)
    # The same bytes have the same tag, whichever side of a window's end the two requests fell on.
    assert (first.json() == second.json()) is (tag(first) == tag(second))


def test_a_stale_if_match_stops_a_deletion(gallery: Gallery) -> None:
    file = gallery.image()
    path = f"/api/files/{file.id}"
    seen = tag(gallery.client.get(path))
    with gallery.api.world.database.write() as session:
        session.exec(update(File).values(name="other.jpg"))
    stale = gallery.client.delete(path, headers={"If-Match": seen})
    assert problem(stale) == (412, "precondition_failed")
    fresh = tag(gallery.client.get(path))
    assert problem(gallery.client.delete(path, headers={"If-Match": f"W/{fresh}"})) == (412, "precondition_failed")
    assert gallery.client.delete(path, headers={"If-Match": fresh}).status_code == 200
    assert problem(gallery.client.delete(path, headers={"If-Match": fresh})) == (404, "not_found")


def test_if_match_tells_a_stranger_nothing(gallery: Gallery) -> None:
    path = f"/api/files/{gallery.image().id}"
    seen = tag(gallery.client.get(path))
    stranger = gallery.outsider()
    for header in (seen, '"x"', "*"):
        assert problem(stranger.delete(path, headers={"If-Match": header})) == (404, "not_found")


def test_a_workspace_is_renamed_only_as_it_was_seen(gallery: Gallery) -> None:
    path = f"/api/workspaces/{gallery.workspace.id}"
    seen = tag(gallery.client.get(path))
    assert gallery.client.patch(path, json={"name": "One"}, headers={"If-Match": seen}).status_code == 200
    late = gallery.client.patch(path, json={"name": "Two"}, headers={"If-Match": seen})
    assert problem(late) == (412, "precondition_failed")
    assert gallery.client.get(path).json()["name"] == "One"
