"""The figures of a server in Prometheus' form, and the layer that counts requests.

What is stored and what became of attempts is read from the database when it is asked for: it is the same on every
server and outlives a restart. Requests are counted in this process, and every process is asked for its own.
"""

import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from images_app.core.figures import Figures

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double every family for something that nobody here asks

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_KEPT_S = 5.0
"""However often it is asked, the database is asked no more often than this."""
_ATTEMPTS = {
    "created": "event:image.created",
    "retrying": "event:image.provision_retrying",
    "failed": "event:image.provision_failed",
}
OBSERVED = "aeontel.observed"
"""Where in a request's ASGI scope its `Observed` is: whoever routes it, says there which route it took."""

Scope = MutableMapping[str, Any]


class Observed:
    """What becomes known of a request on its way."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.route = ""
        self.request_id = ""


class Metrics:
    """The figures of one server process. `look` asks the database."""

    def __init__(self, look: Callable[[], Figures]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(_Stored(look))
        self._requests = Counter(
            "aeontel_http_requests",
            "Requests that were answered.",
            ("part", "route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "aeontel_http_request_seconds",
            "From the first byte of a request to the last of its answer, live streams apart.",
            ("part", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._received = Counter(
            "aeontel_http_received_bytes", "Bytes of request bodies.", ("part",), registry=self.registry
        )
        self._sent = Counter("aeontel_http_sent_bytes", "Bytes of answers' bodies.", ("part",), registry=self.registry)
        self.streams = Gauge("aeontel_http_streams", "Live event streams that are open.", registry=self.registry)

    def count(self, seen: Observed, method: str, status: int, seconds: float | None) -> None:
        """One request was answered; `seconds` is None for a stream that was live until it ended."""
        known = method if method in _METHODS else "other"
        self._requests.labels(seen.part, seen.route, known, status).inc()
        if seconds is not None:
            self._seconds.labels(seen.part, seen.route).observe(seconds)

    def received(self, part: str, size: int) -> None:
        """Bytes came in."""
        self._received.labels(part).inc(size)

    def sent(self, part: str, size: int) -> None:
        """Bytes went out."""
        self._sent.labels(part).inc(size)

    def text(self) -> bytes:
        """Everything in Prometheus' text form, version 0.0.4."""
        return generate_latest(self.registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Stored:
    """A collector of what the database knows. When it cannot be asked, those families are missing, and only those."""

    def __init__(self, look: Callable[[], Figures]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._kept: tuple[float, Figures] | None = None

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not ask the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        figures = self._figures()
        yield GaugeMetricFamily(
            "aeontel_database_up", "Whether the database answers.", value=float(figures is not None)
        )
        if figures is None:
            return
        totals = figures.totals
        yield GaugeMetricFamily("aeontel_stored_bytes", "Originals, the trash included.", value=totals["bytes"])
        yield GaugeMetricFamily("aeontel_images", "Images in galleries.", value=totals["images"])
        files = GaugeMetricFamily("aeontel_files", "Files by status; those in the trash apart.", labels=("status",))
        for status in ("ready", "error", "uploading"):
            files.add_metric((status,), totals[f"files:{status}"])
        files.add_metric(("trash",), totals["trash"])
        yield files
        depth = GaugeMetricFamily("aeontel_queue_files", "Files that wait for an image.", labels=("state",))
        for state, n in figures.waiting.items():
            depth.add_metric((state,), n)
        yield depth
        yield GaugeMetricFamily(
            "aeontel_queue_oldest_seconds",
            "Since when the attempt that is due longest has been due.",
            value=figures.oldest_due_s,
        )
        attempts = CounterMetricFamily(
            "aeontel_attempts", "Attempts to provision an image, by outcome.", labels=("outcome",)
        )
        for outcome, name in _ATTEMPTS.items():
            attempts.add_metric((outcome,), totals[name])
        yield attempts

    def _figures(self) -> Figures | None:
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > _KEPT_S:
                try:
                    self._kept = (time.monotonic(), self._look())
                except Exception:
                    return None
            return self._kept[1]
