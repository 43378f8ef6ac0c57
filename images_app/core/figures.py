"""Sums over the whole server, for whoever watches it: what is stored, what waits, what became of the attempts."""

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from images_app.core.counters import NAMES
from images_app.core.provisioning import IN_PROGRESS
from images_app.models import Counter, File, now


@dataclass(frozen=True)
class Figures:
    """As of one moment, over all workspaces and servers."""

    totals: dict[str, int]
    """Every counter by its name (`core/counters.py`)."""
    waiting: dict[str, int]
    """Files by the state of their provisioning, as far as something is still due for them."""
    oldest_due_s: float
    """Since when the attempt that is due longest has been due; 0 when none is."""


def figures(session: Session) -> Figures:
    """Sums of counters, and seeks in the index of what is being provisioned: cheap however many files there are."""
    totals = dict.fromkeys(NAMES, 0)
    totals.update(session.exec(select(Counter.name, func.sum(Counter.n)).group_by(col(Counter.name))).all())
    waiting = dict.fromkeys(sorted(IN_PROGRESS), 0)
    waiting.update(
        session.exec(
            select(File.provisioning_state, func.count())
            .where(col(File.provisioning_state).in_(IN_PROGRESS))
            .group_by(col(File.provisioning_state))
        ).all()
    )
    due = [
        session.exec(select(func.min(File.next_attempt_at)).where(File.provisioning_state == state)).one()
        for state in ("pending", "waiting")
    ]
    at = now()
    late = [(at - time).total_seconds() for time in due if time is not None and time < at]
    return Figures({name: int(n) for name, n in totals.items()}, waiting, max(late, default=0.0))
