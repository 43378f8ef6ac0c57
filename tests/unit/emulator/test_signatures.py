"""Cloudflare's signature scheme against the vector that the facts record."""

import pytest

from images_app.emulator.signatures import sign, valid

KEY = "this is a secret"
PATH = "/cheeW4oKsx5ljh8e8BoL2A/bc27a117-9509-446b-8c69-c81bfeac0a01/mobile"
QUERY = "exp=1631289275"
SIGNATURE = "77d3f91af4c1c9199a3dec74098b4be64485d3887164e936349023a4e7c4f4a1"
BEFORE = 1631289274.0


def test_the_vector():
    assert sign(PATH, QUERY, KEY) == SIGNATURE


def test_any_key_of_the_account_is_good():
    assert valid(PATH, f"{QUERY}&sig={SIGNATURE}", ["other", KEY], now=BEFORE) == 1631289275


@pytest.mark.parametrize(
    ("path", "query", "now"),
    [
        (PATH, f"{QUERY}&sig={SIGNATURE}", 1631289275.0),
        (PATH.replace("mobile", "public"), f"{QUERY}&sig={SIGNATURE}", BEFORE),
        (PATH, f"exp=1931289275&sig={SIGNATURE}", BEFORE),
        (PATH, f"{QUERY}&sig={SIGNATURE.upper()}", BEFORE),
        (PATH, f"{QUERY}&sig={SIGNATURE}&sig={SIGNATURE}", BEFORE),
        (PATH, f"{QUERY}&{QUERY}&sig={SIGNATURE}", BEFORE),
        (PATH, f"{QUERY}&x=1&sig={SIGNATURE}", BEFORE),
        (PATH, f"sig={SIGNATURE}", BEFORE),
        (PATH, QUERY, BEFORE),
        (PATH, "exp=1e99&sig=ä", BEFORE),
        (PATH, "", BEFORE),
    ],
)
def test_everything_else_is_not(path, query, now):
    assert valid(path, query, [KEY], now=now) is None
