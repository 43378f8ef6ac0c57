"""Metadata filters of the v2 list, run against real rows."""

import json
from pathlib import Path

import pytest

from images_app.emulator import images
from images_app.emulator.errors import ApiError
from images_app.emulator.filters import conditions
from images_app.emulator.images import Image
from images_app.emulator.store import Store

METAS = {
    "a": {"fileId": "fil_1", "n": 5, "ok": True, "deep": {"x": {"y": "z"}}},
    "b": {"fileId": "fil_2", "n": "5", "ok": False},
    "c": {"n": 7.5, "tag": "it's 100%"},
    "d": {},
}


@pytest.fixture
def store(tmp_path: Path):
    store = Store(tmp_path / "images.db")
    store.prepare()
    with store.write() as db:
        for name, meta in METAS.items():
            image = Image(
                name, True, "", json.dumps(meta), None, False, 0, f"blob-{name}", "", 1, "png", 1, 1, 1, False
            )
            images.insert(db, image)
    yield store
    store.close()


def found(store, *filters):
    with store.read() as db:
        rows, rest = images.page(db, conditions(filters), ascending=True, after=None, limit=10)
    assert rest is None
    return "".join(row.id for row in rows)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("meta.fileId[eq]", "fil_1", "a"),
        ("meta.fileId[eq]", "fil_9", ""),
        ("meta.fileId[in]", "fil_1|fil_2", "ab"),
        ("meta.deep.x.y[eq]", "z", "a"),
        ("meta.n[eq]", "5", "ab"),
        ("meta.n[eq:number]", "5", "a"),
        ("meta.n[eq:string]", "5", "b"),
        ("meta.n[gt:number]", "5", "c"),
        ("meta.n[gte:number]", "5", "ac"),
        ("meta.n[lt:number]", "7.5", "a"),
        ("meta.n[lte:number]", "7.5", "ac"),
        ("meta.ok[eq]", "true", "a"),
        ("meta.ok[eq:boolean]", "false", "b"),
        ("meta.tag[eq]", "it's 100%", "c"),
        ("meta.fileId[eq]", "' OR 1=1 --", ""),
    ],
)
def test_operators_and_types(store, name, value, expected):
    assert found(store, (name, value)) == expected


def test_filters_add_up(store):
    assert found(store, ("meta.n[eq]", "5"), ("meta.ok[eq]", "false")) == "b"


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ([("meta.a[not-eq]", "1")], "Unsupported metadata filter operator: 'not-eq'"),
        ([("meta.a[eq]", "1")] * 6, "Too many metadata filters: 6 provided, maximum 5 allowed"),
        ([("meta.a[eq:date]", "1")], "Unsupported metadata filter type"),
        ([("meta.a.b.c.d.e.f[eq]", "1")], "too deep"),
        ([('meta.a"b[eq]', "1")], "Invalid metadata filter field"),
        ([("meta.[eq]", "1")], "Invalid metadata filter field"),
        ([("meta.a", "1")], "Invalid metadata filter"),
        ([("meta.a[in]", "|".join("x" * 11))], "Too many values"),
        ([("meta.a[gt:number]", "many")], "Invalid number"),
        ([("meta.a[eq:boolean]", "1")], "Invalid boolean"),
    ],
)
def test_bad_filters_are_refused_by_name(filters, message):
    with pytest.raises(ApiError) as caught:
        conditions(filters)
    assert caught.value.code == 5400
    assert message in caught.value.message
