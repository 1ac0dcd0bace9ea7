"""An OpenID Connect provider on this computer, for one person who is always signed in; for tests only."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

LIFE_S = 600


class OidcProvider:
    """Authorization code flow with PKCE (S256); signs ID tokens with RS256.

    Parameters
    ----------
    claims : Mapping
        What the ID token says of the person: `sub`, `name`, `email`.
    """

    def __init__(self, claims: Mapping[str, str]) -> None:
        self.client_id, self.client_secret = "cardiov-test", secrets.token_urlsafe(24)
        self.tokens_given = 0
        self._claims = dict(claims)
        self._key = RSAKey.generate_key(2048, {"kid": "test", "use": "sig", "alg": "RS256"})
        self._asked: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self.metadata_url = f"{self.issuer}/.well-known/openid-configuration"

    @contextmanager
    def serving(self) -> Iterator["OidcProvider"]:
        """Answer in a thread of its own."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def metadata(self) -> dict[str, Any]:
        """What OpenID Connect Discovery 1.0, section 3, requires."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def keys(self) -> dict[str, Any]:
        """The public key, as a set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the browser goes with its code: straight back."""
        code = secrets.token_urlsafe(16)
        self._asked[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, sent: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the tokens for a code, once; None where client, code, address or PKCE verifier is wrong."""
        client = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        asked = self._asked.pop(sent.get("code", ""), None)
        if asked is None or authorization != f"Basic {client}" or sent.get("redirect_uri") != asked["redirect_uri"]:
            return None
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked.get("code_challenge"):
            return None
        self.tokens_given += 1
        now = int(time.time())
        about = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + LIFE_S, "nonce": asked["nonce"]}
        signed = jwt.encode({"alg": "RS256", "kid": "test"}, {**self._claims, **about}, self._key)
        return {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "id_token": signed}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class _Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(_single(url.query)))
                    self.end_headers()
                    return
                known = {"/.well-known/openid-configuration": provider.metadata, "/jwks": provider.keys}
                self._answer(known[url.path]() if url.path in known else None, 404)

            def do_POST(self) -> None:
                sent = _single(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self._answer(provider.token(sent, self.headers.get("Authorization", "")), 401)

            def log_message(self, *_: object) -> None:
                """Keep the test's output quiet."""

            def _answer(self, body: dict[str, Any] | None, otherwise: int) -> None:
                self.send_response(otherwise if body is None else 200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(body or {"error": "invalid_request"}).encode())

        return _Handler


def _single(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
