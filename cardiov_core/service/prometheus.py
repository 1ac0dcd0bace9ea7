"""What the service counts, for Prometheus; no name of a record or a person is in it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "cardiov_requests", "Requests by path, status and client.", ["path", "status", "client"],
            registry=self._registry,
        )  # fmt: skip
        self._errors = Counter("cardiov_errors", "Errors by code.", ["code"], registry=self._registry)
        self._seconds = Histogram(
            "cardiov_request_seconds", "From the request to its reply.", ["path"], buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "cardiov_requests_waiting", "Requests that wait or are worked on.", registry=self._registry
        )

    def count(self, path: str, status: int, client: str, seconds: float) -> None:
        """Count a request that was replied to."""
        self._requests.labels(path, str(status), client).inc()
        self._seconds.labels(path).observe(seconds)

    def count_error(self, code: str) -> None:
        """Count an error."""
        self._errors.labels(code).inc()

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return bytes(generate_latest(self._registry))
