"""What one request may cost."""

from dataclasses import dataclass

from cardiov_core.errors import ConfigurationError


@dataclass(frozen=True)
class Limits:
    """Limits of the service.

    Attributes
    ----------
    max_bytes : int
        Of all files of a request together.
    max_files : int
        Of a request.
    timeout_s : float
        Longest time that one record is worked on; the process is ended then.
    max_waiting : int
        Requests that wait or are worked on; one more is refused with the advice to come again.

    Raises
    ------
    ConfigurationError
        If one of them is not above 0.
    """

    max_bytes: int = 32 * 1024**2
    max_files: int = 32
    timeout_s: float = 60.0
    max_waiting: int = 200

    def __post_init__(self) -> None:
        """Refuse limits that let nothing through."""
        for name in ("max_bytes", "max_files", "timeout_s", "max_waiting"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"A limit of {getattr(self, name):g} lets nothing through.", "Give more.")
