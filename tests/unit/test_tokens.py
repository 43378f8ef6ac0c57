"""The form of token secrets: recognisable, and checked before anything is looked up."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images_app.core import tokens


def test_a_secret_has_the_form_that_scanners_look_for() -> None:
    secrets = {tokens.new_secret() for _ in range(200)}
    assert len(secrets) == 200
    for secret in secrets:
        assert re.fullmatch(r"aeo_[0-9A-Za-z]{36}", secret)
        assert tokens.is_well_formed(secret)


def test_the_checksum_is_the_crc_of_what_comes_before_it() -> None:
    """Fixed for ever: scanners and clients may check it, too."""
    body = "aeo_" + "0" * 30
    assert tokens.is_well_formed(body + "0thcyp")


def test_one_wrong_character_anywhere_is_noticed() -> None:
    secret = tokens.new_secret()
    for position in range(len(secret)):
        other = "x" if secret[position] != "x" else "y"
        assert not tokens.is_well_formed(secret[:position] + other + secret[position + 1 :])


@given(st.text(max_size=60))
def test_no_other_text_passes_or_fails_to_be_judged(text: str) -> None:
    assert not tokens.is_well_formed(text)


@pytest.mark.parametrize("change", ["{} ", " {}", "{}\n", "{}=", "Bearer {}", ""])
def test_a_secret_with_anything_around_it_is_none(change: str) -> None:
    assert not tokens.is_well_formed(change.format(tokens.new_secret()))
