"""Commits of other servers within milliseconds, by Redis' publish and subscribe.

Redis only says "look"; what to see is in the database. So a message that is lost, or a Redis that is away, costs at
most the second until the look at the database.
"""

import logging
import secrets
import threading
from collections.abc import Callable

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from images_app.database import Database
from images_app.wakeups.local import LocalWakeups

_log = logging.getLogger(__name__)

_CHANNEL = "aeontel:committed"
_PATIENCE_S = 1.0
_AGAIN_S = 1.0
_POLL_S = 0.5
"""How long the end of the server may wait for the listening thread."""


class RedisWakeups(LocalWakeups):
    """What `LocalWakeups` does, and a word from server to server."""

    def __init__(self, database: Database, url: str, every_s: float = 1.0) -> None:
        self._url = url
        self._name = secrets.token_hex(8).encode()
        """Tells a server's own words from those of others."""
        self._committed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._teller: threading.Thread | None = None
        super().__init__(database, every_s)
        self._unhook_telling = database.on_commit(self._tell)

    def _tell(self) -> None:
        """One word for all commits since the last one. Whoever commits never waits for Redis."""
        self._committed.set()
        with self._starting:
            if self._teller is None and not self._is_over.is_set():
                self._teller = self._run(self._publish)

    def _start(self) -> None:
        super()._start()
        self._run(self._subscribe)

    def _run(self, work: Callable[[Redis], None]) -> threading.Thread:
        thread = threading.Thread(target=self._keep_doing, args=(work,), name="wakeups-redis", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _keep_doing(self, work: Callable[[Redis], None]) -> None:
        """`work`, again and again when Redis fails it."""
        is_away = False
        limits = {"socket_connect_timeout": _PATIENCE_S, "socket_timeout": _PATIENCE_S}
        with Redis.from_url(self._url, retry=Retry(NoBackoff(), 0), health_check_interval=10, **limits) as client:
            while not self._is_over.is_set():
                try:
                    client.ping()
                    is_away = False
                    work(client)
                except (RedisError, OSError) as error:
                    if not is_away:
                        _log.warning("Redis does not answer; news of other servers take a second: %s", error)
                    is_away = True
                    self._is_over.wait(_AGAIN_S)

    def _publish(self, client: Redis) -> None:
        while not self._is_over.is_set():
            self._committed.wait()
            self._committed.clear()
            client.publish(_CHANNEL, self._name)

    def _subscribe(self, client: Redis) -> None:
        with client.pubsub() as words:  # type: ignore[no-untyped-call]
            words.subscribe(_CHANNEL)
            while not self._is_over.is_set():
                word = words.get_message(timeout=_POLL_S)
                # The first is that Redis has us on its list; what was said before that is not said again.
                if word is not None and (word["type"] == "subscribe" or word["data"] != self._name):
                    self.ring()

    def close(self) -> None:
        """See `Wakeups`."""
        self._unhook_telling()
        super().close()
        self._committed.set()
        for thread in self._threads:
            thread.join()
