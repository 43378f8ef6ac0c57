"""Bearer tokens of the signed-in user."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from images_app.api.deps import ViewerDep, WorldDep
from images_app.api.lists import PageQuery, links, page_info
from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import Input, Name, PageInfo, Schema, Success, Timestamp, TimestampInput, fails
from images_app.core import tokens
from images_app.core.access import SCOPES, Scope, require_person
from images_app.errors import Unauthenticated
from images_app.models import Token, User

router = APIRouter(prefix="/tokens", tags=["tokens"], route_class=ReadingRoute)

_Id = Annotated[str, Field(max_length=40)]


class NewToken(Input):
    """What the token shall be."""

    name: Name
    scopes: list[Scope] = Field(default=list(SCOPES), min_length=1, max_length=20)
    workspace_ids: list[_Id] | None = Field(
        default=None, min_length=1, max_length=100, description="Only these workspaces; all of yours when left out."
    )
    expires_at: TimestampInput | None = Field(default=None, description="Never when left out.")


class TokenShown(Schema):
    """A token as a list shows it."""

    id: str
    name: str
    hint: str = Field(description="How the secret begins.")
    scopes: list[str]
    workspace_ids: list[str] | None
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None


class TokenMade(TokenShown):
    """A token and its secret, which is shown here and never again."""

    secret: str


class TokenList(Schema):
    """Newest first."""

    data: list[TokenShown]
    page_info: PageInfo


@router.post("", status_code=201, responses=fails(400, 401, 403, 404, 409))
def create_token(wanted: NewToken, response: Response, world: WorldDep, viewer: ViewerDep) -> TokenMade:
    """Make a token. It can never do more than you can."""
    require_person(viewer)
    with world.database.write() as session:
        user = session.get(User, viewer.user_id)
        if user is None:
            raise Unauthenticated
        token, secret = tokens.create(
            session,
            user,
            name=wanted.name,
            scopes=wanted.scopes,
            workspace_ids=wanted.workspace_ids,
            expires_at=wanted.expires_at,
        )
    response.headers["Location"] = f"/api/tokens/{token.id}"
    return TokenMade(**_shown(token).model_dump(), secret=secret)


@router.get("", responses=fails(400, 401, 403))
@reading
def list_tokens(look: Look, query: PageQuery) -> TokenList:
    """Your tokens, without their secrets."""
    page = tokens.list_page(look.session, look.viewer, query.window)
    look.headers.update(links(look.request, page))
    return TokenList(data=[_shown(token) for token in page.items], page_info=page_info(page))


@router.delete("/{token_id}", responses=fails(401, 403, 404))
def revoke_token(token_id: str, world: WorldDep, viewer: ViewerDep) -> Success:
    """Revoke a token, at once."""
    with world.database.write() as session:
        tokens.revoke(session, viewer, token_id)
    return Success()


def _shown(token: Token) -> TokenShown:
    return TokenShown(
        id=token.id,
        name=token.name,
        hint=token.hint,
        scopes=token.scopes,
        workspace_ids=token.workspace_ids,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
