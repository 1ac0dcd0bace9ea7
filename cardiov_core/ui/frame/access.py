"""Who may reach the app: this computer, unless people sign in or the installation says otherwise in so many words."""

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

import streamlit as st

OPEN_VARIABLE = "CARDIOV_WITHOUT_SIGN_IN"
OPEN_WORDS = "anyone who reaches this address may see the ECGs"
"""What the variable must hold, word by word: a setting copied without being read opens nothing."""

# Behind a proxy the app itself listens to the loopback. Most proxies say for whom they ask; of one that does not, the
# name that people typed tells.
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


def refuse_strangers() -> None:
    """End the page where other computers reach the app, directly or by a proxy, and nobody has to sign in."""
    address = st.get_option("server.address")
    proxied = _comes_from_elsewhere()
    closed = is_loopback(address) and not proxied
    if closed or signs_in() or os.environ.get(OPEN_VARIABLE, "") == OPEN_WORDS:
        return
    way = "a proxy brings other computers here" if proxied else f"it listens at {address or 'every address it has'}"
    st.error(f"CardioV is closed: {way}, and nobody has to sign in.")
    st.markdown(
        "ECGs are patients' data. Whoever runs this installation can\n\n"
        "- let it be reached from its own computer alone: `--server.address localhost`, the default, and no proxy;\n"
        "- set up sign-in: a section `[auth]` in `secrets.toml`;\n"
        f"- or open it to everyone: set `{OPEN_VARIABLE}` to `{OPEN_WORDS}`."
    )
    st.stop()


def _comes_from_elsewhere() -> bool:
    """Tell whether a proxy leads here, or another name than this computer's own, as a foreign page may have one."""
    headers = st.context.headers
    named = (f"//{headers.get('Host', '')}", headers.get("Origin", ""))
    names = [urlsplit(each).hostname for each in named]
    return any(each in headers for each in _FORWARDED) or not all(is_loopback(name) for name in names if name)


def is_loopback(address: str | None) -> bool:
    """Tell whether only this computer reaches an address; none stands for all addresses."""
    if not address:
        return False
    if address == "localhost" or address.startswith("unix:"):
        return True
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def signs_in() -> bool:
    """Tell whether sign-in (`st.login`) is set up: `st.user` knows its state only then."""
    return getattr(st.user, "is_logged_in", None) is not None
