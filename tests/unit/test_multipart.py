"""The multipart reader on bodies that nobody would write by accident."""

import threading

import pytest

from images_app.api.multipart import Reader
from images_app.errors import InvalidParameter


def test_a_malformed_body_is_told_to_its_sender_and_not_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    reader = Reader("multipart/form-data; boundary=abc")
    with pytest.raises(InvalidParameter):
        reader.feed(b"garbage without any boundary")
    here = threading.get_ident()  # servers of other tests may say something meanwhile
    assert [record for record in caplog.records if record.thread == here] == []
