"""Every error has a code of its own and a status."""

from collections.abc import Iterator

from images_app import errors
from images_app.api.problems import STATUS, status_of
from images_app.errors import AeontelError


def tree(error: type[AeontelError]) -> Iterator[type[AeontelError]]:
    yield error
    for child in error.__subclasses__():
        yield from tree(child)


def test_codes_are_unique_lower_case_words() -> None:
    codes = [error.code for error in tree(AeontelError)]
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert code.replace("_", "").isalpha()
        assert code.islower()


def test_only_what_can_never_reach_a_client_has_no_status_of_its_own() -> None:
    assert {error for error in tree(AeontelError) if status_of(error) == 500} == {AeontelError, errors.SettingsError}


def test_a_special_case_has_the_status_of_its_kind() -> None:
    assert status_of(errors.InvalidCursor) == status_of(errors.InvalidParameter) == 400
    assert status_of(errors.BadCredentials) == 401
    assert status_of(errors.LastOwner) == 409
    assert all(400 <= status < 600 for status in STATUS.values())
