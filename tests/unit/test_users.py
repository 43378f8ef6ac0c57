"""People and their passwords."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel, select

from images_app.core import counters, users, workspaces
from images_app.database import Database
from images_app.errors import Conflict, InvalidParameter, NotFound
from images_app.models import Membership, User, Workspace


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    database = Database(f"sqlite:///{tmp_path}/a.db")
    SQLModel.metadata.create_all(database.engine)
    with database.write() as opened:
        yield opened
    database.close()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada@EXAMPLE.com\n", "ada@example.com"),
        ("admin@localhost", "admin@localhost"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
    ],
)
def test_an_address_has_one_form(written: str, kept: str) -> None:
    assert users.valid_email(written) == kept


@pytest.mark.parametrize("wrong", ["", "ada", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\x00", "a\n@b", "a@" + "b" * 320])
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        users.valid_email(wrong)
    assert [fault.pointer for fault in refused.value.errors] == ["/email"]


def test_a_user_is_found_however_the_address_is_written_and_is_there_once(session: Session) -> None:
    ada = users.create(session, "Ada@Example.com", None)
    assert users.by_email(session, " ADA@example.COM").id == ada.id
    with pytest.raises(Conflict):
        users.create(session, "ada@EXAMPLE.com", None)
    with pytest.raises(NotFound):
        users.by_email(session, "bob@example.com")


def test_a_password_is_kept_as_argon2id_and_recognised(session: Session) -> None:
    user = users.create(session, "ada@example.com", "pass phrase ü 写")
    assert user.password_hash is not None
    assert user.password_hash.startswith("$argon2id$")
    assert users.verify_password(user.password_hash, "pass phrase ü 写")
    assert not users.verify_password(user.password_hash, "pass phrase u 写")
    assert not users.is_outdated(user.password_hash)


def test_a_broken_hash_matches_nothing() -> None:
    for broken in ("", "x", "$argon2id$v=19$broken"):
        assert not users.verify_password(broken, "x")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_that_somebody_chooses_has_a_length(session: Session, password: str) -> None:
    with pytest.raises(InvalidParameter):
        users.create(session, "ada@example.com", password)
    assert session.exec(select(User)).all() == []


def test_the_first_admin_comes_with_a_workspace_and_only_when_there_is_nobody(session: Session) -> None:
    admin = users.ensure_admin(session, "Admin@localhost")
    assert admin is not None
    assert (admin.email, admin.is_admin, admin.password_hash) == ("admin@localhost", True, None)
    space = session.exec(select(Workspace)).one()
    assert session.exec(select(Membership.role).where(Membership.user_id == admin.id)).one() == "owner"
    assert users.ensure_admin(session, "other@localhost") is None
    assert users.ensure_admin(session, "admin@localhost") is None
    assert [workspace.id for workspace in session.exec(select(Workspace)).all()] == [space.id]


def test_an_admin_without_a_password_is_given_one_once(session: Session) -> None:
    users.ensure_admin(session, "admin@localhost")
    admin = users.without_password(session, "ADMIN@localhost")
    assert admin is not None
    users.set_password(session, admin, "short")  # an operator's own choice
    session.flush()
    assert users.without_password(session, "admin@localhost") is None
    assert users.verify_password(admin.password_hash or "", "short")


def test_a_new_workspace_has_a_bucket_of_its_own_and_totals_at_zero(session: Session) -> None:
    owner = users.create(session, "ada@example.com", None)
    one, two = (workspaces.create(session, owner.id, "../Same name") for _ in range(2))
    assert one.bucket != two.bucket
    for space in (one, two):
        assert set(space.bucket) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert 3 <= len(space.bucket) <= 63
    once = ("event:workspace.created", "members")
    assert counters.of(session, [one.id]) == {one.id: {name: int(name in once) for name in counters.NAMES}}
    assert counters.total(session, [counters.SERVER], "workspaces") == 2
    assert counters.total(session, [counters.SERVER], "users") == 1
