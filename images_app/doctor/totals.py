"""Every total counted anew, workspace by workspace."""

from collections.abc import Mapping

from sqlmodel import col, select

from images_app.core import counters
from images_app.core.recount import recount as recount_one
from images_app.database import Database
from images_app.models import Workspace


class _Unwanted(Exception):
    """Ends a transaction without a change."""


def recount(database: Database, *, apply: bool) -> Mapping[tuple[str, str], tuple[int, int]]:
    """What was wrong: {(workspace id or empty, name): (was, is)}; set right with `apply`."""
    with database.read() as session:
        workspaces = [counters.SERVER, *session.exec(select(Workspace.id).order_by(col(Workspace.id)))]
    wrong = {}
    for workspace_id in workspaces:
        try:
            with database.write() as session:
                found = recount_one(session, workspace_id)
                if not apply:
                    raise _Unwanted
        except _Unwanted:
            pass
        wrong.update({(workspace_id, name): change for name, change in found.items()})
    return wrong
