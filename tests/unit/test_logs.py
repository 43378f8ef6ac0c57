"""The log: in its two forms, with what a line is about, and never with a secret."""

import json
import logging
import subprocess
import sys

import pytest

_PRELUDE = "import logging; from images_app.observe import logs; "


def printed(code: str) -> str:
    """What a process of its own writes to standard error: the log belongs to the whole process."""
    done = subprocess.run([sys.executable, "-c", _PRELUDE + code], capture_output=True, text=True, check=True)
    return done.stderr


def lines(code: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in printed(f"logs.configure('json', 'info'); {code}").splitlines()]


def test_a_line_says_what_it_is_about() -> None:
    code = (
        "log = logging.getLogger('a.b')\n"
        "with logs.about(request_id='r1', file_id='fil_1'): log.warning('%s tries left', 3, extra={'left': 3})\n"
        "log.info('after')"
    )
    inside, after = lines(f"exec({code!r})")
    assert inside["event"] == "3 tries left"
    assert (inside["request_id"], inside["file_id"], inside["left"]) == ("r1", "fil_1", 3)
    assert (inside["level"], inside["logger"]) == ("warning", "a.b")
    assert str(inside["timestamp"]).endswith("Z")
    assert "request_id" not in after


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET http://127.0.0.1:3000/objects/a?token=abc.def failed", "abc.def"),
        ("https://r2.example/b/k?X-Amz-Signature=0f0f&X-Amz-Date=1", "0f0f"),
        ("/imagedelivery/h/i/public?exp=1&sig=cafe", "cafe"),
        ("header Authorization: Bearer aeo_0123456789abcdef", "aeo_0123456789abcdef"),
        ("token aeo_0123456789abcdef", "0123456789abcdef"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln in a header", "eyJzdWIiOiJ4In0"),
        ("cannot reach postgresql://aeontel:hunter2@db/aeontel", "hunter2"),
    ],
)
def test_no_secret_is_written(text: str, secret: str) -> None:
    for form in ("text", "json"):
        shown = printed(
            f"logs.configure({form!r}, 'info'); log = logging.getLogger('x'); log.info({text!r}); "
            f"log.info('args %s', {text!r}, extra={{'url': {text!r}, 'more': [{text!r}]}})"
        )
        assert "[hidden]" in shown
        assert secret not in shown


def test_no_secret_is_written_in_a_traceback() -> None:
    code = (
        "log = logging.getLogger('x')\n"
        "try: raise ValueError('http://x/y?token=hunter2')\n"
        "except ValueError: log.exception('it failed')"
    )
    for form in ("text", "json"):
        shown = printed(f"logs.configure({form!r}, 'info'); exec({code!r})")
        assert "ValueError" in shown
        assert "hunter2" not in shown


def test_harmless_text_is_left_as_it_is() -> None:
    (line,) = lines("logging.getLogger('x').info('is it so? yes: fil_1 took 3 s (a?b)')")
    assert line["event"] == "is it so? yes: fil_1 took 3 s (a?b)"


def test_the_level_holds_and_chatty_libraries_stay_quiet() -> None:
    code = "[logging.getLogger(n).info('hello') for n in ('images_app.x', 'httpx', 'botocore.auth')]"
    assert len(lines(code)) == 1
    assert printed(f"logs.configure('text', 'warning'); {code}") == ""


def test_a_test_process_keeps_its_own_log() -> None:
    assert all(type(handler).__module__ != "images_app.observe.logs" for handler in logging.getLogger().handlers)
