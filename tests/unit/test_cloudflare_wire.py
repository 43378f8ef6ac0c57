"""Reading what Cloudflare sends: hostile or odd values never get past as something else."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images_app.cloudflare import wire
from images_app.errors import CloudflareError


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0.0), ("120", 120.0), ("1.5", 1.5), (" 7 ", 7.0), ("-1", None), ("1e9", None), ("nan", None), ("", None)],
)
def test_retry_after_in_seconds(header, seconds):
    assert wire.retry_after(header) == seconds


def test_retry_after_as_a_date():
    began = datetime.now(UTC)
    ahead = (began + timedelta(minutes=2)).replace(microsecond=0)
    wait = wire.retry_after(format_datetime(ahead, usegmt=True))
    assert (ahead - datetime.now(UTC)).total_seconds() <= wait <= (ahead - began).total_seconds()
    assert wire.retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert wire.retry_after(None) is None


def test_odd_fields_of_an_image_are_left_out():
    odd = {"id": "x", "meta": [1], "creator": 5, "variants": ["u", 1], "requireSignedURLs": "true", "draft": True}
    image = wire.image(odd, writes=False)
    assert (image.meta, image.creator, image.variants, image.require_signed_urls) == ({}, None, ("u",), False)


@given(st.integers(200, 599), st.binary(max_size=80), st.booleans())
def test_any_body_is_a_result_or_a_cloudflare_error(status, body, writes):
    try:
        wire.result(status, {}, body, writes=writes)
    except CloudflareError as error:
        outcome = error
    else:
        raise AssertionError("random bytes are no result")
    assert outcome.status == status
    assert not outcome.ambiguous or (writes and outcome.retryable)
