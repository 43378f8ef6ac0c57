"""The official Python SDK, with its strict validation of answers, through every method that it has for Images.

Where the SDK itself deviates from the API, the test asserts the deviation: it must be the SDK's, not ours.
"""

import json
from datetime import UTC, datetime, timedelta

import cloudflare
import pytest
from cloudflare import Cloudflare

from tests.support import photos
from tests.support.emulator import ACCOUNT_ID, TOKEN, Page, RunningEmulator
from tests.support.http import anybody

JPEG = photos.quadrants()
FILE = ("a.jpg", JPEG, "image/jpeg")
A = ACCOUNT_ID


def client(emulator: RunningEmulator, **options) -> Cloudflare:
    own = {"api_token": TOKEN} | options
    return Cloudflare(base_url=emulator.api_base, max_retries=0, _strict_response_validation=True, **own)


@pytest.fixture(scope="module")
def sdk(emulator):
    with client(emulator) as own:
        yield own


@pytest.fixture
def image(sdk):
    return sdk.images.v1.create(account_id=A, file=FILE, metadata=json.dumps({"n": 1}), creator="sdk")


def test_create_from_a_file(sdk):
    made = sdk.images.v1.create(
        account_id=A, file=FILE, metadata=json.dumps({"a": {"b": 1}}), require_signed_urls=True, creator="me"
    )
    assert (made.filename, made.require_signed_urls, made.creator) == ("a.jpg", True, "me")
    assert made.meta == {"a": {"b": 1}}
    assert datetime.now(UTC) - made.uploaded < timedelta(minutes=5)
    assert all(url.startswith("http") for url in made.variants)


def test_create_from_a_url_and_with_an_id_of_ones_own(sdk, origin):
    origin.pages["/objects/sdk.jpg"] = Page(JPEG)
    made = sdk.images.v1.create(account_id=A, url=f"{origin.url}/objects/sdk.jpg", id="sdk/from url.jpg")
    assert (made.id, made.filename) == ("sdk/from url.jpg", "sdk.jpg")
    assert sdk.images.v1.get("sdk/from url.jpg", account_id=A) == made
    sdk.images.v1.delete("sdk/from url.jpg", account_id=A)


def test_nested_metadata_arrives_whatever_form_the_sdk_gives_it(sdk):
    made = sdk.images.v1.create(account_id=A, file=FILE, metadata={"k": "v", "n": {"z": "1"}})
    assert made.meta == {"k": "v", "n": {"z": "1"}}


def test_bare_bytes_go_as_no_image_and_are_refused(sdk):
    with pytest.raises(cloudflare.APIStatusError) as caught:
        sdk.images.v1.create(account_id=A, file=JPEG)
    assert (caught.value.status_code, caught.value.errors[0].code) == (415, 5455)


def test_get_edit_and_delete(sdk, image):
    assert sdk.images.v1.get(image.id, account_id=A) == image
    edited = sdk.images.v1.edit(image.id, account_id=A, metadata={"b": [1, "x"]}, creator="other")
    assert (edited.id, edited.meta, edited.creator) == (image.id, {"b": [1, "x"]}, "other")
    private = sdk.images.v1.edit(image.id, account_id=A, require_signed_urls=True)
    assert private.id != image.id
    sdk.images.v1.delete(private.id, account_id=A)
    with pytest.raises(cloudflare.NotFoundError) as caught:
        sdk.images.v1.get(private.id, account_id=A)
    assert caught.value.errors[0].code == 5404


def test_the_old_list_iterates_to_nothing_but_has_its_images(sdk, image):
    with pytest.deprecated_call():
        page = sdk.images.v1.list(account_id=A, page=1, per_page=10, creator="sdk")
    assert image.id in {each["id"] for each in page.result.images}  # unknown to the SDK, hence plain
    assert list(page) == []  # the SDK's pager looks for result.items, which the API does not have


def test_the_new_list_by_token_and_by_metadata(sdk):
    made = [
        sdk.images.v1.create(account_id=A, file=FILE, creator="sdk list", metadata=json.dumps({"n": n})).id
        for n in range(12)
    ]
    first = sdk.images.v2.list(account_id=A, per_page=10, sort_order="asc", creator="sdk list")
    rest = sdk.images.v2.list(
        account_id=A,
        per_page=10,
        sort_order="asc",
        creator="sdk list",
        continuation_token=first.continuation_token,
    )
    assert [each.id for each in (*first.images, *rest.images)] == made
    assert rest.continuation_token is None
    found = sdk.images.v2.list(account_id=A, creator="sdk list", extra_query={"meta.n[gt:number]": "10"})
    assert [each.id for each in found.images] == [made[11]]


def test_the_original_bytes(sdk, image):
    assert sdk.images.v1.blobs.get(image.id, account_id=A).read() == JPEG


def test_statistics(sdk, image):
    before = sdk.images.v1.stats.get(account_id=A).count
    sdk.images.v1.delete(image.id, account_id=A)
    after = sdk.images.v1.stats.get(account_id=A).count
    assert (after.current, after.allowed) == (before.current - 1, before.allowed)


def test_keys(sdk):
    before = sdk.images.v1.keys.list(account_id=A).keys
    after = sdk.images.v1.keys.update("sdk", account_id=A).keys
    assert [key.name for key in after] == [*(key.name for key in before), "sdk"]
    assert all(key.value for key in after)
    assert sdk.images.v1.keys.delete("sdk", account_id=A).keys == before


def test_variants(sdk):
    variants = sdk.images.v1.variants
    options = {"fit": "cover", "width": 40, "height": 30, "metadata": "none"}
    made = variants.create(account_id=A, id="hero", options=options, never_require_signed_urls=True).variant
    assert (made.id, made.options.fit, made.options.width, made.options.height) == ("hero", "cover", 40, 30)
    assert made.never_require_signed_urls is True
    assert variants.get("hero", account_id=A).variant.model_dump() == made.model_dump()
    listed = variants.list(account_id=A).variants
    assert (listed.hero.id, listed.hero.options.metadata) == ("hero", "none")
    assert listed.model_extra["public"]["options"]["fit"] == "scale-down"  # the SDK knows none but `hero`
    edited = variants.edit("hero", account_id=A, options=options | {"width": 50}).variant
    assert (edited.options.width, edited.never_require_signed_urls) == (50, True)
    variants.delete("hero", account_id=A)
    with pytest.raises(cloudflare.NotFoundError):
        variants.get("hero", account_id=A)


def test_a_direct_upload(sdk):
    expiry = datetime.now(UTC) + timedelta(minutes=10)
    draft = sdk.images.v2.direct_uploads.create(
        account_id=A, metadata=json.dumps({"d": 1}), expiry=expiry, creator="direct", require_signed_urls=False
    )
    waiting = sdk.images.v1.get(draft.id, account_id=A)
    assert (waiting.model_extra["draft"], waiting.meta) == (True, {"d": 1})
    anybody.post(draft.upload_url, files={"file": FILE}).raise_for_status()
    assert "draft" not in sdk.images.v1.get(draft.id, account_id=A).model_extra


def test_every_method_of_the_sdk_is_known_to_these_tests(sdk):
    """A new version of the SDK with a new method is seen here."""

    def methods(resource):
        names = {name for name in vars(type(resource)) if not name.startswith(("_", "with_"))}
        return {name for name in names if callable(getattr(resource, name, None))}

    v1, v2 = sdk.images.v1, sdk.images.v2
    assert methods(v1) == {"create", "list", "get", "edit", "delete"}
    assert methods(v1.keys) == {"list", "update", "delete"}
    assert methods(v1.variants) == {"create", "list", "get", "edit", "delete"}
    assert methods(v1.stats) == {"get"}
    assert methods(v1.blobs) == {"get"}
    assert methods(v2) == {"list"}
    assert methods(v2.direct_uploads) == {"create"}


def test_other_credentials(emulator):
    with client(emulator, api_token=None, api_email="me@example.com", api_key=TOKEN) as keyed:
        assert keyed.images.v1.stats.get(account_id=A).count.allowed > 0
    with client(emulator, api_token="wrong") as stranger, pytest.raises(cloudflare.PermissionDeniedError) as caught:
        stranger.images.v1.stats.get(account_id=A)
    assert caught.value.errors[0].code == 9109


def test_the_sdk_sends_a_create_again_after_a_lost_answer(tmp_path):
    """Its default of two retries doubles images: whoever copies from URLs sets max_retries=0."""
    with RunningEmulator(tmp_path) as emulator:
        switches = f"{emulator.url}/cloudflare/control/faults"
        emulator.http.put(switches, json={"faults": [{"kind": "lose", "operation": "create", "times": 1}]})
        with Cloudflare(api_token=TOKEN, base_url=emulator.api_base) as eager:
            eager.images.v1.create(account_id=A, file=FILE)
        assert emulator.http.get(f"{emulator.account}/v1/stats").json()["result"]["count"]["current"] == 2


def test_a_refusal_as_text_keeps_its_text(emulator):
    emulator.upload(JPEG, id="sdk/text")
    with (
        client(emulator, default_headers={"Accept": "text/plain"}) as old,
        pytest.raises(cloudflare.ConflictError) as caught,
    ):
        old.images.v1.create(account_id=A, file=FILE, id="sdk/text")
    assert (caught.value.errors, caught.value.body) == ([], "ERROR 5409: Resource already exists")
