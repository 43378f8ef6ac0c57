"""The log of a server: one line per event, for people or as JSON, and never a secret in it.

Our own modules and the libraries log through the standard library. Here each record gets what is known of the request
or file it is about, and loses whatever looks like a credential: messages quote addresses, and presigned ones would
open a picture to whoever reads the log.
"""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import structlog
from structlog.contextvars import bound_contextvars
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["text", "json"]

_HIDDEN = "[hidden]"
_SECRETS = (
    # A query in an address: signatures, tokens and expiries are there, and nothing that a log needs.
    re.compile(r"(?<=[\w/])\?[\w.~-]+=[^\s\"'<>]*"),
    re.compile(r"(?i)(?<=bearer )[\w.~+/=-]+"),
    re.compile(r"(?i)(?<=basic )[\w.~+/=-]{8,}"),
    re.compile(r"\baeo_\w{8,}"),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"),  # a JSON Web Token, wherever it came from
    re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"),  # user and password in an address
)


def configure(format: LogFormat, level: str) -> None:
    """Send every record of this process from `level` up to standard error in this form; again replaces it."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = (
        [structlog.processors.dict_tracebacks, hide_secrets, structlog.processors.JSONRenderer()]
        if format == "json"
        else [_plain_traceback, hide_secrets, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=shared, processors=[ProcessorFormatter.remove_processors_meta, *last])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "botocore", "boto3", "urllib3", "alembic", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


@contextmanager
def about(**context: str) -> Iterator[None]:
    """Every record inside the block says what it is about, such as `request_id` or `file_id`."""
    with bound_contextvars(**context):
        yield


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor: the same event without credentials, also inside its values and tracebacks."""
    return {key: _cleaned(value) for key, value in event.items()}


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        for secret in _SECRETS:
            value = secret.sub(_HIDDEN, value)
        return value
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(inner) for inner in value]
    return value if isinstance(value, int | float | bool | None) else _cleaned(repr(value))


def _plain_traceback(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """As text, and not for the renderer to make: it would come after secrets are hidden."""
    return structlog.processors.format_exc_info(logger, method, event)
