"""The Samsara key: what it may look like, where it comes from, the computer's keyring. Never repeated in a message."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from footage.errors import InputRefused, KeyMissing

log = logging.getLogger(__name__)

T = TypeVar("T")

KEY_VARIABLE = "SAMSARA_API_KEY"
KEYRING_SERVICE = "incident-footage"
KEYRING_USER = "samsara"
KEY_PREFIX = "samsara_api_"
"""How Samsara's tokens begin (developers.samsara.com/docs/authentication)."""

_UNFIT = re.compile(r"[^\x21-\x7e]")


def clean_key(text: str) -> str:
    """The key without the blanks around it. Raises InputRefused for an empty one and for what no key contains."""
    key = text.strip(" \t\r\n\ufeff")
    if not key:
        raise InputRefused("The key is empty: copy the API token from Samsara's dashboard.")
    if _UNFIT.search(key):
        raise InputRefused(
            "The key holds a blank or a control character, as a failed paste leaves: paste it again "
            "(in a Windows console by right click or Shift+Insert), or set SAMSARA_API_KEY."
        )
    return key


def looks_odd(key: str) -> bool:
    """Whether a key has another shape than Samsara's usual ones: worth a warning, no reason to refuse it."""
    return not key.startswith(KEY_PREFIX) or len(key) < len(KEY_PREFIX) + 8


def resolve_key(
    environ: Mapping[str, str],
    keyring_get: Callable[[], str | None] | None = None,
    ask: Callable[[], str] | None = None,
) -> str:
    """The Samsara key: SAMSARA_API_KEY, else the system's keyring, else typed. Raises KeyMissing, InputRefused."""
    held = environ.get(KEY_VARIABLE, "").strip() or (keyring_get or key_from_keyring)()
    if held:
        return clean_key(held)
    if ask is None:
        raise KeyMissing(f"There is no Samsara key, neither in {KEY_VARIABLE} nor in this computer's keyring.")
    return clean_key(ask())


def key_from_keyring() -> str | None:
    """The key that the system's keyring holds for us, None where there is none or no keyring."""
    return _with_keyring(lambda ring: ring.get_password(KEYRING_SERVICE, KEYRING_USER), None)


def keep_in_keyring(key: str) -> bool:
    """Keep the key in the system's keyring; False where there is none that takes it."""

    def keep(ring: _Ring) -> bool:
        ring.set_password(KEYRING_SERVICE, KEYRING_USER, key)
        return ring.get_password(KEYRING_SERVICE, KEYRING_USER) == key  # the null keyring takes all and keeps nothing

    return _with_keyring(keep, False)


def forget_key() -> bool:
    """Remove the key from the system's keyring; False where there was none."""

    def forget(ring: _Ring) -> bool:
        if ring.get_password(KEYRING_SERVICE, KEYRING_USER) is None:
            return False
        ring.delete_password(KEYRING_SERVICE, KEYRING_USER)
        return True

    return _with_keyring(forget, False)


def keyring_name() -> str | None:
    """What keyring this computer has, None where it has none that can be used."""
    import keyring

    try:
        ring = keyring.get_keyring()
    except (ImportError, RuntimeError, OSError, TypeError):
        return None
    name = str(getattr(ring, "name", type(ring).__name__))
    return None if type(ring).__module__ in ("keyring.backends.fail", "keyring.backends.null") else name


class _Ring:
    """The three calls of the keyring package that are used."""

    def __init__(self) -> None:
        import keyring

        self.get_password = keyring.get_password
        self.set_password = keyring.set_password
        self.delete_password = keyring.delete_password


def _with_keyring(use: Callable[[_Ring], T], without: T) -> T:
    import keyring.errors

    try:
        return use(_Ring())
    except (keyring.errors.KeyringError, ImportError, RuntimeError, OSError) as error:
        log.debug("the keyring cannot be used: %s", type(error).__name__)  # none there, or locked: the person is asked
        return without
