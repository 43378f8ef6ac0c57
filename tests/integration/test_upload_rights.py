"""`POST /api/files`: who may, asked again while the bytes arrive; what stays of an upload that ends badly: nothing."""

from collections.abc import Callable

import pytest
from sqlmodel import col, delete, update

from images_app.models import Membership, Token, User
from tests.integration.gallery import Gallery, problem
from tests.integration.uploading import A_LOT, Slow, nothing_happened, part, send, upload, wait_until_under_way


def test_who_may_not_write_is_stopped_before_the_bytes_arrive(gallery: Gallery) -> None:
    eve = gallery.api.token(gallery.api.user("eve@example.com"))[1]
    reader = gallery.api.token(gallery.ada, scopes=["read", "delete"])[1]
    viewer = gallery.as_member("viewer").headers["authorization"].removeprefix("Bearer ")
    for token, status in ((eve, 404), (viewer, 403), (reader, 403), ("nonsense", 401)):
        slow = Slow(gallery, token=token)
        slow.send(part("workspaceId", gallery.workspace.id.encode()) + part("file", b"", '; filename="a"')[:-2])
        slow.send(b"x" * 1000)
        got, text = slow.answer()  # though the body has not ended
        assert got == status, text
        answer = upload(gallery, client=gallery.api.client(token))
        assert problem(answer)[0] == status
    assert nothing_happened(gallery)


@pytest.mark.parametrize("workspace_id", ["", "nonsense", "wsp_01m7vpggc6e7a834dncn5fcrp4", "é", "x" * 5000])
def test_an_unknown_workspace_is_not_found(gallery: Gallery, workspace_id: str) -> None:
    for pieces in (
        [part("workspaceId", workspace_id.encode()), part("file", b"x" * 600_000)],
        [part("file", b"x" * 600_000), part("workspaceId", workspace_id.encode())],
    ):
        assert problem(send(gallery, *pieces)) == (404, "not_found")
    assert nothing_happened(gallery)


def test_an_editor_uploads_and_a_bound_token_only_where_it_is_bound(gallery: Gallery) -> None:
    assert upload(gallery, client=gallery.as_member("editor")).status_code == 201
    other = gallery.api.workspace(gallery.ada, "Other")
    bound = gallery.api.client(gallery.api.token(gallery.ada, workspace_ids=[other.id])[1])
    assert problem(upload(gallery, client=bound)) == (404, "not_found")
    assert upload(gallery, client=bound, workspace_id=other.id).status_code == 201


@pytest.mark.parametrize("is_file_first", [True, False])
@pytest.mark.parametrize("sent", [0, 100, A_LOT])
def test_a_client_that_leaves_leaves_nothing(gallery: Gallery, is_file_first: bool, sent: int) -> None:
    slow = Slow(gallery)
    if not is_file_first:
        slow.send(part("workspaceId", gallery.workspace.id.encode()))
    slow.send(part("file", b"", '; filename="a"')[:-2])
    if sent:
        slow.send(b"x" * sent)
    if sent == A_LOT and not is_file_first:
        wait_until_under_way(gallery)
    slow.leave()
    assert nothing_happened(gallery)


def lose_membership(gallery: Gallery, user: User) -> None:
    with gallery.api.world.database.write() as session:
        session.exec(delete(Membership).where(col(Membership.user_id) == user.id))


def lose_role(gallery: Gallery, user: User) -> None:
    with gallery.api.world.database.write() as session:
        session.exec(update(Membership).where(col(Membership.user_id) == user.id).values(role="viewer"))


def lose_token(gallery: Gallery, user: User) -> None:
    with gallery.api.world.database.write() as session:
        session.exec(delete(Token).where(col(Token.user_id) == user.id))


@pytest.mark.parametrize(("lose", "status"), [(lose_membership, 404), (lose_role, 403), (lose_token, 401)])
def test_rights_that_end_while_the_bytes_arrive_end_the_upload(
    gallery: Gallery, lose: Callable[[Gallery, User], None], status: int
) -> None:
    bob = gallery.api.user("bob@example.com")
    gallery.api.member(gallery.workspace, bob, "editor")
    slow = Slow(gallery, token=gallery.api.token(bob)[1])
    slow.send(part("workspaceId", gallery.workspace.id.encode()))
    slow.send(part("file", b"x" * A_LOT, '; filename="a"')[:-2])
    wait_until_under_way(gallery)
    lose(gallery, bob)
    got, text = slow.end()
    assert got == status, text
    assert nothing_happened(gallery)


def test_an_upload_whose_transaction_fails_leaves_no_object(gallery: Gallery) -> None:
    with gallery.api.world.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE counter RENAME TO counter_away")
    assert problem(upload(gallery, b"x" * 600_000)) == (500, "internal_error")
    with gallery.api.world.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE counter_away RENAME TO counter")
    assert nothing_happened(gallery)
