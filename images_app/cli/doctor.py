"""`aeontel doctor`: whether database, object store and Cloudflare fit together, and what to do where they do not."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from images_app.cli.fault import fail, plain_errors

if TYPE_CHECKING:
    from images_app.bootstrap import World
    from images_app.doctor.checks import Check
    from images_app.doctor.notes import Notes

_SHOWN = 20
"""Findings of a kind that are printed one by one."""


def doctor(
    apply: Annotated[bool, typer.Option("--apply", help="Set right what was found; else it is only shown.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many things in one run.")] = 100,
    yes: Annotated[bool, typer.Option("--yes", help="Also when a large share of everything would change.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the last run ended.")] = False,
    grace_hours: Annotated[float, typer.Option(min=0, help="What is younger is never deleted.")] = 24.0,
    cloudflare: Annotated[bool, typer.Option(help="Compare with Cloudflare Images, too.")] = True,
    resign: Annotated[bool, typer.Option("--resign", help="Instead: make images private as is set now.")] = False,
    recount: Annotated[bool, typer.Option("--recount", help="Instead: count anew what the totals say.")] = False,
    adopt_store: Annotated[
        bool, typer.Option("--adopt-store", help="Instead: this object store is this database's from now on.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare the database, the object store and Cloudflare Images. Works while servers run.

    Shows what does not fit and what would be done; with --apply it is done, through the servers' own queue. Ends with 0
    when everything fits, else with 1.
    """
    if sum((resign, recount, adopt_store)) > 1:
        fail("--resign, --recount and --adopt-store are one at a time.", 2)
    with plain_errors():
        if adopt_store:
            _adopt_store()
            return
        with _world() as world:
            if recount:
                shown = _recount(world, apply=apply)
            elif resign:
                shown = _resign(world, apply=apply, limit=limit)
            else:
                grace = timedelta(hours=grace_hours)
                shown = _compare(world, _Wish(apply, limit, yes, resume, grace, cloudflare, as_json))
    if as_json and (recount or resign):
        typer.echo(json.dumps(shown))
    if shown["wrong"]:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Wish:
    """What the command line says of a comparison."""

    apply: bool
    limit: int
    yes: bool
    resume: bool
    grace: timedelta
    cloudflare: bool
    as_json: bool


def _adopt_store() -> None:
    from images_app.cli.instance import adopt_store
    from images_app.settings import settings

    adopt_store(settings())
    typer.echo("The object store belongs to this database now. Look at what `aeontel doctor` says before --apply.")


@contextmanager
def _world() -> "Iterator[World]":
    """The world of these settings, when its database and object store belong together."""
    from images_app import bootstrap
    from images_app.cli.local import local_database
    from images_app.core import instance
    from images_app.settings import settings

    own = settings()
    with local_database() as database:
        if instance.known(database) is None:
            fail("No server has used this data yet: there is nothing to compare.")
    world = bootstrap.build(own)
    try:
        instance.require_same(world.database, world.objects)
        yield world
    finally:
        world.close()


def _recount(world: "World", *, apply: bool) -> dict[str, Any]:
    from images_app.doctor import totals

    wrong = totals.recount(world.database, apply=apply)
    for (workspace_id, name), (was, true) in wrong.items():
        typer.echo(f"{workspace_id or 'server'}  {name}: {was}, counted {true}", err=True)
    typer.echo(f"{len(wrong)} totals {'were set right' if apply else 'are wrong'}.", err=True)
    return {"wrong": 0 if apply else len(wrong), "totals": len(wrong)}


def _resign(world: "World", *, apply: bool, limit: int) -> dict[str, Any]:
    from images_app.doctor import resign

    private = world.settings.url_signing != "none"
    changed = resign.resign(world, private=private, limit=limit) if apply else 0
    with world.database.read() as session:
        rest = resign.count(session, private=private)
    typer.echo(f"{changed} images were made {'private' if private else 'public'}, {rest} are left.", err=True)
    return {"wrong": rest, "changed": changed, "left": rest}


def _compare(world: "World", wish: _Wish) -> dict[str, Any]:
    from images_app.doctor import run
    from images_app.doctor.notes import Notes

    notes = Notes(world.settings.data_dir / "doctor")
    try:
        checks = run.tried(world, cloudflare=wish.cloudflare)
        if not wish.as_json:
            _show_checks(checks)
        run.require_cloudflare(world, checks, cloudflare=wish.cloudflare)
        run.compare(world, notes, checks, resume=wish.resume, grace=wish.grace, cloudflare=wish.cloudflare)
        if not wish.as_json:
            _show_findings(notes)
        ended: Mapping[str, int] = {}
        if wish.apply:
            ended = run.apply(world, notes, limit=wish.limit, yes=wish.yes, grace=wish.grace)
            checks = run.tried(world, cloudflare=wish.cloudflare)
        rest = sum(notes.counts().values())
        if wish.as_json:
            _write(notes, checks, ended, rest)
        elif wish.apply:
            typer.echo(f"{ended.get('done', 0)} done, {ended.get('passed', 0)} not so any more, {rest} left.")
        elif rest:
            typer.echo("Nothing was changed: --apply does it.")
        if not rest:
            notes.begin()  # there is nothing to go on with, and it may be a large file
        return {"wrong": rest + sum(bool(check.problem) for check in checks)}
    finally:
        notes.close()


def _show_checks(checks: "Sequence[Check]") -> None:
    for check in checks:
        said = check.problem or check.note
        typer.echo(f"{'FAILED' if check.problem else 'ok':7} {check.name}{f': {said}' if said else ''}")


def _show_findings(notes: "Notes") -> None:
    shown: Counter[str] = Counter()
    for _, finding, outcome in notes.findings():
        shown[finding.kind] += outcome is None
        if outcome is None and shown[finding.kind] <= _SHOWN:
            typer.echo(f"{finding.kind:15} {finding.action:10} {finding.subject}")
    for (kind, action), n in notes.counts().items():
        typer.echo(f"{n:9} {kind}: {action}")
    for reason, n in _left(notes).items():
        typer.echo(f"{n:9} left alone: {reason}")
    seen, images = Counter[str](notes.get("seen", {})), notes.count_remotes()
    typer.echo(f"Compared {seen['files']} files, {seen['objects']} objects and {images} images at Cloudflare.")


def _write(notes: "Notes", checks: "Sequence[Check]", ended: Mapping[str, int], rest: int) -> None:
    """One JSON object, piece by piece: there may be a million findings."""
    typer.echo('{"findings": [', nl=False)
    for position, (_, finding, outcome) in enumerate(notes.findings()):
        typer.echo((", " if position else "") + json.dumps({**asdict(finding), "outcome": outcome}), nl=False)
    seen = {**notes.get("seen", {}), "images": notes.count_remotes()}
    values = {"checks": [asdict(check) for check in checks], "seen": seen, "left": _left(notes)}
    typer.echo("], " + json.dumps({**values, "applied": dict(ended), "open": rest})[1:])


def _left(notes: "Notes") -> dict[str, int]:
    return {reason: n for reason, n in notes.get("left", {}).items() if n}
