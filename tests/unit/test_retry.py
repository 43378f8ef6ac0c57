"""The waits between tries."""

import math

import pytest

from images_app.core import retry


def many(failures: int, retry_after: float | None = None) -> list[float]:
    return [retry.delay(failures, retry_after) for _ in range(500)]


@pytest.mark.parametrize("failures", [1, 2, 3, 8])
def test_the_wait_is_spread_from_zero_to_a_bound_that_doubles(failures: int) -> None:
    bound = retry.BASE_S * 2 ** (failures - 1)
    waits = many(failures)
    assert all(0 <= wait <= bound for wait in waits)
    assert min(waits) < bound * 0.1
    assert max(waits) > bound * 0.9


@pytest.mark.parametrize("failures", [20, 10_000])
def test_the_bound_stops_growing(failures: int) -> None:
    waits = many(failures)
    assert max(waits) <= retry.CAP_S
    assert max(waits) > retry.CAP_S * 0.9


def test_nobody_comes_back_before_the_service_allows_it_nor_all_at_once() -> None:
    waits = many(1, retry_after=30)
    assert all(30 <= wait <= 30 + retry.BASE_S for wait in waits)
    assert len(set(waits)) > 400


def test_an_absurd_retry_after_is_bounded() -> None:
    assert max(many(1, retry_after=1e12)) <= retry.LONGEST_RETRY_AFTER_S + retry.BASE_S
    assert max(many(1, retry_after=math.inf)) <= retry.LONGEST_RETRY_AFTER_S + retry.BASE_S


@pytest.mark.parametrize("nonsense", [-5.0, 0.0, math.nan])
def test_a_retry_after_that_says_nothing_leaves_the_back_off(nonsense: float) -> None:
    waits = many(2, retry_after=nonsense)
    assert all(0 <= wait <= 2 * retry.BASE_S for wait in waits)
