"""Who may see and do what: the smaller of the live role and the credential's rights."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel, col, delete, update

from images_app.core import access, users, workspaces
from images_app.core.access import SCOPES, Action, Scope, Viewer
from images_app.database import Database
from images_app.errors import Forbidden, NotFound
from images_app.ids import new
from images_app.models import Membership, User, Workspace

ACTIONS: tuple[Action, ...] = ("read", "write", "delete", "manage")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    database = Database(f"sqlite:///{tmp_path}/a.db")
    SQLModel.metadata.create_all(database.engine)
    with database.write() as opened:
        yield opened
    database.close()


@pytest.fixture
def ada(session: Session) -> User:
    return users.create(session, "ada@example.com", None)


@pytest.fixture
def space(session: Session, ada: User) -> Workspace:
    """A workspace of somebody else's."""
    owner = users.create(session, "owner@example.com", None)
    made = workspaces.create(session, owner.id, "Photos")
    session.flush()
    return made


def person(user: User) -> Viewer:
    return Viewer(user.id, user.email, user.is_admin, "session", new("ses"))


def token(user: User, *scopes: Scope, bound_to: frozenset[str] | None = None) -> Viewer:
    return Viewer(user.id, user.email, user.is_admin, "token", new("tok"), frozenset(scopes), bound_to)


def join(session: Session, space: Workspace, user: User, role: str) -> None:
    session.add(Membership(workspace_id=space.id, user_id=user.id, role=role))
    session.flush()


def allowed(session: Session, viewer: Viewer, space: Workspace) -> set[str]:
    found = set()
    for action in ACTIONS:
        try:
            access.require(session, viewer, space.id, action)
        except Forbidden:
            continue
        found.add(action)
    return found


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        ("owner", {"read", "write", "delete", "manage"}),
        ("editor", {"read", "write", "delete"}),
        ("viewer", {"read"}),
        ("made-up", set()),
    ],
)
def test_a_role_allows_its_actions(session: Session, ada: User, space: Workspace, role: str, actions: set[str]) -> None:
    join(session, space, ada, role)
    assert allowed(session, person(ada), space) == actions


@pytest.mark.parametrize("scopes", [(), ("read",), ("read", "write"), ("delete",), SCOPES])
def test_a_token_does_what_both_its_scopes_and_the_role_allow_and_manages_only_with_every_scope(
    session: Session, ada: User, space: Workspace, scopes: tuple[Scope, ...]
) -> None:
    join(session, space, ada, "owner")
    manages = {"manage"} if scopes == SCOPES else set()
    assert allowed(session, token(ada, *scopes), space) == set(scopes) | manages
    session.exec(update(Membership).where(col(Membership.user_id) == ada.id).values(role="viewer"))
    assert allowed(session, token(ada, *scopes), space) == set(scopes) & {"read"}


def test_outside_of_ones_workspaces_nothing_exists(session: Session, ada: User, space: Workspace) -> None:
    for viewer in (person(ada), token(ada, *SCOPES), token(ada, *SCOPES, bound_to=frozenset({space.id}))):
        for workspace_id in (space.id, new("wsp"), "", "nonsense"):
            for action in ACTIONS:
                with pytest.raises(NotFound):
                    access.require(session, viewer, workspace_id, action)
            with pytest.raises(NotFound):
                access.workspaces(session, viewer, workspace_id)
        assert access.workspaces(session, viewer) == ()


def test_an_admin_owns_what_there_is_and_nothing_else(session: Session, space: Workspace) -> None:
    admin = person(users.create(session, "root@localhost", None, is_admin=True))
    assert access.workspaces(session, admin) is None
    assert allowed(session, admin, space) == set(ACTIONS)
    with pytest.raises(NotFound):
        access.role_in(session, admin, new("wsp"))


def test_even_an_admins_token_stays_in_its_workspaces(session: Session, ada: User, space: Workspace) -> None:
    root = users.create(session, "root@localhost", None, is_admin=True)
    other = workspaces.create(session, ada.id, "Other")
    bound = token(root, *SCOPES, bound_to=frozenset({space.id}))
    assert access.workspaces(session, bound) == (space.id,)
    with pytest.raises(NotFound):
        access.require(session, bound, other.id, "read")


def test_a_removed_member_loses_everything_with_the_next_question(
    session: Session, ada: User, space: Workspace
) -> None:
    join(session, space, ada, "editor")
    viewer = person(ada)
    assert access.workspaces(session, viewer) == (space.id,)
    session.exec(delete(Membership).where(col(Membership.user_id) == ada.id))
    assert access.workspaces(session, viewer) == ()
    with pytest.raises(NotFound):
        access.require(session, viewer, space.id, "read")


def test_without_the_scope_read_there_is_no_list(session: Session, ada: User) -> None:
    with pytest.raises(Forbidden):
        access.workspaces(session, replace(token(ada, "write"), token_workspaces=None))
