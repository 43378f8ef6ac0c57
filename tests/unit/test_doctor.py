"""What the doctor concludes from what the three say of one file, and how it reads them side by side."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images_app.cloudflare.base import RemoteImage
from images_app.doctor.judge import Judge, Known
from images_app.doctor.merge import side_by_side
from images_app.doctor.notes import Finding, Notes, Remote
from images_app.doctor.objects import place_of
from images_app.errors import AeontelError, Conflict
from images_app.storage.base import ObjectEntry

BEGAN = datetime(2026, 7, 1, 12, tzinfo=UTC)
OLD, YOUNG = BEGAN - timedelta(days=3), BEGAN - timedelta(hours=1)
JUDGE = Judge(BEGAN, timedelta(days=1))
FILE, WORKSPACE = "fil_01m7w6mfwgerrt8vr1ghv6ja4g", "wsp_01m7w6mfwgerrt8vr1gp9k9rc1"
"""Fixed, because they are in the names of tests: processes that share the tests must agree on those."""
KEY = f"ws-{WORKSPACE.removeprefix('wsp_')}/{FILE}/a.jpg"


def known(**changes: Any) -> Known:
    """A provisioned file where everything fits."""
    fits = {"state": "done", "cf_image_id": "one", "image_created_at": OLD, "listed_private": False}
    values = {"error_code": None, "is_trashed": False, **fits, **changes}
    return Known(FILE, WORKSPACE, KEY, 10, **values)


def entry(key: str = KEY, size: int = 10, at: datetime = OLD) -> ObjectEntry:
    return ObjectEntry(key, size, at)


def remote(name: str = "one", at: datetime = OLD) -> Remote:
    return Remote(name, at.isoformat().replace("+00:00", "Z"), False)


def none(state: str, **changes: Any) -> Known:
    return known(state=state, cf_image_id=None, image_created_at=None, listed_private=None, **changes)


GONE = {"listed_private": None}
CASES: list[tuple[Known, list[ObjectEntry], list[Remote], set[tuple[str, str, str]]]] = [
    (known(), [entry()], [remote()], set()),
    (known(**GONE), [entry()], [], {("gone", "provision", "one")}),
    (known(**GONE, image_created_at=BEGAN), [entry()], [], set()),
    (known(**GONE), [entry()], [remote("two")], {("moved", "adopt", "one")}),
    (known(**GONE), [], [], {("gone", "provision", "one"), ("missing_bytes", "report", FILE)}),
    (known(), [entry()], [remote(), remote("two")], {("duplicate", "delete", "two")}),
    (known(), [entry()], [remote(), remote("two", YOUNG)], set()),
    (known(doomed=frozenset({"two"})), [entry()], [remote(), remote("two")], set()),
    (known(listed_private=True), [entry()], [remote()], {("privacy", "correct", "one")}),
    (known(), [], [remote()], {("missing_bytes", "report", FILE)}),
    (known(), [entry(size=9)], [remote()], {("wrong_size", "report", FILE)}),
    (none("none"), [], [], {("missing_bytes", "flag", FILE)}),
    (none("none", error_code="object_missing"), [], [], {("missing_bytes", "report", FILE)}),
    (none("none", error_code="object_missing"), [entry()], [], {("bytes_back", "clear", FILE)}),
    (none("failed", error_code="object_damaged"), [entry()], [], set()),
    (none("none"), [entry(size=11)], [], {("wrong_size", "flag", FILE)}),
    (none("none"), [entry()], [remote()], {("unwanted", "delete", "one")}),
    (none("removed"), [entry()], [remote()], {("unwanted", "delete", "one")}),
    (none("failed"), [entry()], [remote()], {("unclaimed", "adopt", "one")}),
    (none("failed"), [entry()], [remote(at=YOUNG), remote("two")], {("unclaimed", "adopt", "one")}),
    (none("done"), [entry()], [], {("no_image", "provision", FILE)}),
    (none("running"), [], [remote(), remote("two")], set()),
    (none("none", is_trashed=True), [], [], set()),
    (none("none", is_trashed=True), [entry()], [remote()], {("unwanted", "delete", "one")}),
]


@pytest.mark.parametrize(("file", "objects", "remotes", "expected"), CASES)
def test_what_follows_from_what_the_three_say(
    file: Known, objects: list[ObjectEntry], remotes: list[Remote], expected: set[tuple[str, str, str]]
) -> None:
    found = JUDGE.file(file, objects, remotes).findings
    assert {(one.kind, one.action, one.subject) for one in found} == expected


def test_what_nobody_knows_is_deleted_when_it_is_old() -> None:
    old = JUDGE.nobodys(WORKSPACE, FILE, [entry()], [remote()])
    assert [(one.kind, one.subject) for one in old.findings] == [("unknown_object", KEY), ("unknown_image", "one")]
    young = JUDGE.nobodys(WORKSPACE, FILE, [entry(at=YOUNG)], [remote(at=YOUNG), Remote("x", "no date", False)])
    assert (young.findings, young.left) == ([], {"young objects": 1, "young images": 2})


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (KEY, "original"),
        (KEY.replace("/fil_", "/derived/fil_"), "derivative"),
        (KEY.replace("ws-", "xx-"), "foreign"),
        (KEY.replace("ws-", "ws-x"), "foreign"),
        (KEY + "/more", "foreign"),
        ("ws-1/fil_1/a.jpg", "foreign"),
        ("a", "foreign"),
        ("", "foreign"),
    ],
)
def test_only_keys_of_our_own_form_are_ours(key: str, kind: str) -> None:
    assert place_of(key).kind == kind


KEYS = st.lists(st.text("ab/0é", max_size=3), max_size=8)


@given(KEYS, KEYS, KEYS)
def test_streams_are_read_side_by_side_key_by_key(one: list[str], two: list[str], three: list[str]) -> None:
    streams = [sorted(stream, key=str.encode) for stream in (one, two, three)]
    found = list(side_by_side(*([(key, key) for key in stream] for stream in streams)))
    assert [key for key, _ in found] == sorted({*one, *two, *three}, key=str.encode)
    for key, values in found:
        assert [len(part) for part in values] == [stream.count(key) for stream in streams]


def test_a_stream_out_of_order_is_noticed() -> None:
    with pytest.raises(AeontelError, match="not in order"):
        list(side_by_side([("b", 1), ("a", 2)]))


def test_memory_does_not_grow_with_what_is_read() -> None:
    def stream(count: int) -> Iterator[tuple[str, bytes]]:
        return ((f"{number:08}", bytes(1000)) for number in range(count))

    peaks = []
    for count in (1_000, 20_000):
        tracemalloc.start()
        assert sum(1 for _ in side_by_side(stream(count), stream(count))) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0] + 100_000


def test_notes_survive_and_go_on(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    notes.begin(place=["a", "b"])
    with pytest.raises(Conflict):
        Notes(tmp_path)
    image = RemoteImage("one", meta={"fileId": FILE}, creator=WORKSPACE, uploaded="2026-07-01T00:00:00Z")
    hostile = RemoteImage("two", meta={"fileId": ["x"]}, creator="\ud800")
    notes.add_remotes([image, image, hostile], token="next")
    notes.save([Finding("gone", "provision", "one", detail={"n": 1}), Finding("missing_bytes", "report", "x")])
    notes.close()
    notes = Notes(tmp_path)
    assert (notes.get("place"), notes.get("token"), notes.count_remotes()) == (["a", "b"], "next", 2)
    assert list(notes.remotes(WORKSPACE, "")) == [(FILE, Remote("one", "2026-07-01T00:00:00Z", False))]
    assert list(notes.remotes(WORKSPACE, FILE)) == []
    (number, first, outcome), _ = notes.findings()
    assert (first.detail, outcome) == ({"n": 1}, None)
    notes.settle(number, "done")
    assert [outcome for _, _, outcome in notes.findings()] == ["done", None]
    assert notes.counts() == {("missing_bytes", "report"): 1}
    notes.begin()
    assert (notes.count_remotes(), notes.counts(), notes.get("place")) == (0, {}, None)
    notes.close()
