"""Which addresses may be talked to, and how an address is written where people can read it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from footage.errors import InputRefused, InsecureAddress

_IN_A_TEXT = re.compile(r"""https?://[^\s"'<>]+""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SignedLink:
    """An address that is a secret. It shows nothing of itself where somebody prints or logs the value."""

    url: str = field(repr=False)


def is_loopback(host: str) -> bool:
    """Whether `host` is this computer itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_insecure(url: str, what: str) -> None:
    """Raise InsecureAddress unless `url` is https, or http on loopback."""
    try:
        parts = urlsplit(url)
    except ValueError:  # as for https://[::1
        raise InsecureAddress(f"{what} cannot be read as an address.") from None
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return
    raise InsecureAddress(f"{what} must begin with https://, or with http:// on this computer: {without_secret(url)}.")


@contextmanager
def told_unusable(what: str) -> Iterator[None]:
    """Turns the ValueError with which a client refuses an address into InputRefused; `what` names the address."""
    try:
        yield
    except ValueError as error:
        raise InputRefused(f"{what} cannot be used: {error}.") from error


def service_address(address: str) -> str:
    """The address of Samsara's service without a slash at its end; raises InsecureAddress where it cannot be one."""
    # Readers of addresses disagree on these characters, and a disagreement could send the key to another host.
    if re.search(r"[\s\\@?#\x00-\x1f\x7f]", address):
        raise InsecureAddress("The address of Samsara's service must look like https://api.samsara.com.")
    refuse_insecure(address, "The address of Samsara's service")
    return address.rstrip("/")


def without_secret(url: str) -> str:
    """The address without user, query and fragment: a signed link is a secret."""
    try:
        parts = urlsplit(url)
    except ValueError:  # as for https://[::1
        return re.split(r"[?#]", url, maxsplit=1)[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def without_secrets(text: str) -> str:
    """The text with every address in it so written."""
    return _IN_A_TEXT.sub(lambda found: without_secret(found.group()), text)
