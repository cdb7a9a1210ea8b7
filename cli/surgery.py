"""Where the doctor works: all checks one after the other, and the key put into the keyring or taken out of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from cli.checkup import Check, check_words, checks_json, exit_code
from cli.doctor import check_computer, check_key
from cli.logs import keep_secret
from footage.errors import InputRefused, KeyMissing
from footage.keys import forget_key, keep_in_keyring, keyring_name, looks_odd
from footage.trust import trust_system
from helpers import Asker, can_ask

Out = Callable[[str], None]

_NO_KEY = "none"
NO_KEYRING = (
    "This computer has no keyring that can be used. Set SAMSARA_API_KEY instead: for one window with "
    "`set` (Windows) or `export` (macOS, Linux), or for good in the system's settings."
)


def examine(*, output: Path, samsara_region: str, profile: str | None, region: str | None) -> Iterator[Check]:
    """All checks; each comes as soon as it is made."""
    trust_system()
    yield from check_computer(output)
    found, key = check_key(os.environ)
    yield found
    from cli.aws_identity import aws_identity
    from cli.doctor_services import check_aws, check_clock, check_samsara
    from cli.services import REGIONS, samsara_address
    from kinesis_clip import KinesisClient
    from SamsaraAPI import SamsaraClient

    def connect(place: str) -> SamsaraClient:
        address = samsara_address(place)
        return SamsaraClient(key or _NO_KEY, base_url=address, timeout=(5, 15), attempts=2, patience=10)

    if key is None:
        yield check_clock(connect, samsara_region)
    else:
        keep_secret(key)
        fixed = bool(os.environ.get("SAMSARA_API_URL"))
        others = () if fixed else tuple(name for name in REGIONS if name != samsara_region)
        yield from check_samsara(connect, samsara_region, others)
    client = KinesisClient(profile=profile, region=region, retries=1, patience=5, read_timeout=10)
    yield from check_aws(client, lambda: aws_identity(profile, region))


def see_doctor(checks: Iterator[Check], out: Out, *, as_json: bool) -> int:
    """Say what the checks find, or all of it as one object; the exit code."""
    done = []
    for check in checks:
        done.append(check)
        for line in () if as_json else check_words(check):
            out(line)
    if as_json:
        out(checks_json(done))
    return exit_code(done)


def keep_key(out: Out, *, as_json: bool) -> int:
    """Ask for the key and put it into the keyring. Raises KeyMissing without a terminal, InputRefused without one."""
    if keyring_name() is None:
        raise InputRefused(NO_KEYRING)
    if not can_ask():
        raise KeyMissing("There is no terminal in which the key could be typed.")
    key = Asker().key()
    keep_secret(key)
    if not keep_in_keyring(key):
        raise InputRefused(NO_KEYRING)
    said = [f"The key is kept in {keyring_name()}. python main.py doctor --forget-key removes it."]
    if looks_odd(key):
        said.insert(0, "The key looks unlike Samsara's usual ones (samsara_api_...); it is kept all the same.")
    return _told(said, out, as_json=as_json)


def drop_key(out: Out, *, as_json: bool) -> int:
    """Take the key out of the keyring."""
    said = "The key is forgotten." if forget_key() else "No key was kept: there is nothing to forget."
    return _told([said], out, as_json=as_json)


def _told(sentences: list[str], out: Out, *, as_json: bool) -> int:
    done = {"schema": 1, "status": "ok", "exit_code": 0, "messages": sentences, "error": None}
    for line in [json.dumps(done)] if as_json else sentences:
        out(line)
    return 0
