"""A run from its beginning, or from where the last one stood."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from images_app.bootstrap import World
from images_app.doctor import checks
from images_app.doctor.apply import apply as apply_findings
from images_app.doctor.apply import require_few
from images_app.doctor.checks import Check
from images_app.doctor.compare import Comparison
from images_app.doctor.judge import Judge
from images_app.doctor.notes import Finding, Notes
from images_app.doctor.survey import survey
from images_app.errors import Conflict
from images_app.jobs.queue import DurableQueue


def tried(world: World, *, cloudflare: bool) -> Sequence[Check]:
    """What was tried, and how it went."""
    return list(checks.checks(world, cloudflare=cloudflare))


def require_cloudflare(world: World, done: Sequence[Check], *, cloudflare: bool) -> None:
    """Raise Conflict when Cloudflare cannot be compared, as it does not answer or refuses us."""
    if not cloudflare or not any(check.name == checks.CREDENTIALS and check.problem for check in done):
        return
    if world.settings.cloudflare == "local":
        raise Conflict(
            "The local Cloudflare Images is part of the server, which does not answer at "
            f"{world.settings.internal_url}: start it, or leave that part out with --no-cloudflare."
        )
    raise Conflict("Cloudflare cannot be compared. --no-cloudflare leaves that part out.")


def compare(
    world: World, notes: Notes, done: Sequence[Check], *, resume: bool, grace: timedelta, cloudflare: bool
) -> None:
    """Fill the notes with findings. Raises what the three of them raise; what was found is kept for `resume`."""
    if not resume or notes.get("began") is None or notes.get("cloudflare") != cloudflare:
        notes.begin(began=datetime.now(UTC).isoformat(), cloudflare=cloudflare, left={}, seen={})
        if any(check.name == checks.VARIANTS and check.problem for check in done):
            notes.save([Finding("variants", "make", "named variants")])
    began = datetime.fromisoformat(notes.get("began"))
    if cloudflare:
        survey(world.cloudflare, notes)
    Comparison(world.database, world.objects, notes, Judge(began, grace, cloudflare)).run()


def apply(world: World, notes: Notes, *, limit: int, yes: bool, grace: timedelta) -> Mapping[str, int]:
    """Set findings right. Raises Conflict when they are too many to be true, unless `yes`."""
    if not yes:
        require_few(notes)
    assert isinstance(world.queue, DurableQueue)
    world.queue.prepare(world.settings.provision_concurrency)
    return apply_findings(world, notes, limit=limit, grace=grace)
