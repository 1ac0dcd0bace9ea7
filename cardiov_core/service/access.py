"""Who may ask: one token per client; the file holds checksums of tokens, never a token."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cardiov_core.errors import ConfigurationError, UnknownClientError

_SCHEME = "bearer"
_HINT = "Send the header 'Authorization: Bearer TOKEN' with the token that the administrator gave you."
ANYBODY = "anybody"
"""The client's name where no tokens are set."""


@dataclass(frozen=True)
class Clients:
    """Programs that may use the service.

    Attributes
    ----------
    checksums : mapping of str to str
        Name -> SHA-256 of the token, hexadecimal; where empty, whoever reaches the service may use it.
    """

    checksums: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Clients":
        """Read a file of clients: a line for each, with its name and the checksum of its token.

        Raises
        ------
        ConfigurationError
            If the file cannot be read, a line makes no sense, or it names nobody.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}.", "Name a file of clients.") from error
        clients: dict[str, str] = {}
        for number, line in enumerate(lines, start=1):
            name, _, checksum = line.partition("#")[0].strip().partition(" ")
            if not name:
                continue
            checksum = checksum.strip().lower()
            if len(checksum) != 2 * sha256().digest_size or set(checksum) - set("0123456789abcdef") or name in clients:
                raise ConfigurationError(
                    f"Line {number} of {path.name} is not the name of a new client and the SHA-256 of its token.",
                    "Make one with: cardiov serve --new-token NAME",
                )
            clients[name] = checksum
        if not clients:
            raise ConfigurationError(f"{path.name} names no client.", "Make one with: cardiov serve --new-token NAME")
        return cls(clients)

    def client_of(self, authorization: str | None) -> str:
        """Return the name of the client that a header speaks for.

        Parameters
        ----------
        authorization : str or None
            The header ``Authorization``.

        Raises
        ------
        UnknownClientError
            If it has no token, or none that is known.
        """
        if not self.checksums:
            return ANYBODY
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != _SCHEME or not token.strip():
            raise UnknownClientError("The request has no token.", _HINT)
        given = checksum_of(token.strip())
        # All are compared, each in constant time: how long it takes tells nothing of the tokens.
        names = [name for name, known in self.checksums.items() if hmac.compare_digest(known, given)]
        if not names:
            raise UnknownClientError("The request's token is not known.", _HINT)
        return names[0]


def new_token(name: str) -> tuple[str, str]:
    """Make a token for a client.

    Returns
    -------
    token : str
        For the client.
    line : str
        For the file of clients.

    Raises
    ------
    ConfigurationError
        If the name is not one word.
    """
    if not name.isprintable() or name.split() != [name] or "#" in name:
        raise ConfigurationError(f"'{name}' is no name of a client.", "Choose one word.")
    token = secrets.token_urlsafe(32)
    return token, f"{name} {checksum_of(token)}"


def checksum_of(token: str) -> str:
    """Return the SHA-256 of a token; it is random and long, so no salt is needed."""
    return sha256(token.encode(errors="replace")).hexdigest()
