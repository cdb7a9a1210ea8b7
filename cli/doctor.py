"""The doctor: looks whether this computer can do the work, part by part. Asks nobody, spends no quota."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from cli.checkup import Check
from footage.addresses import without_secret
from footage.errors import FootageError
from footage.files import free_bytes
from footage.keys import KEY_PREFIX, KEY_VARIABLE, clean_key, key_from_keyring, keyring_name, looks_odd
from footage.video.trial import try_encoders, try_ffmpeg
from footage.walltime import local_zone_name

_LITTLE, _TOO_LITTLE = 10e9, 1e9
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def check_ffmpeg() -> Check:
    """Whether the ffmpeg that makes the films is there and starts."""
    try:
        return Check("ffmpeg", "ok", try_ffmpeg())
    except FootageError as error:
        remedy = "Install the requirements again (pip install -r requirements.txt), or set IMAGEIO_FFMPEG_EXE."
        return Check("ffmpeg", "broken", error.message, remedy)


def check_encoders(work: Path) -> Check:
    """Which encoders make a right second of film here."""
    try:
        hardware, software = try_encoders(work)
    except FootageError as error:
        return Check("encoder", "broken", error.message, error.remedy)
    if not software and hardware is None:
        return Check("encoder", "broken", "No H.264 encoder works.", "Install the requirements again.")
    named = f"{hardware} works, libx264 stands by" if hardware else "libx264 works; no hardware encoder does"
    return Check("encoder", "ok", named)


def check_disk(folder: Path) -> Check:
    """Whether `folder`, or what is there of its path, can be written to and has room."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    try:
        with tempfile.NamedTemporaryFile(dir=there):
            pass
    except OSError as error:
        return Check("disk", "broken", f"{there} cannot be written to: {error.strerror}", "Choose --output.", 8)
    free = free_bytes(there)
    said = f"{free / 1e9:.1f} GB free in {there}"
    if free < _TOO_LITTLE:
        return Check("disk", "broken", said, "Free the disk, or choose another one with --output.", 8)
    remedy = "An hour of three cameras may need 10 GB: free some room."
    return Check("disk", "warning" if free < _LITTLE else "ok", said, remedy)


def check_zones() -> Check:
    """Whether the zones' rules are there, and this computer's zone among them."""
    try:
        ZoneInfo("America/New_York")
    except (LookupError, OSError):
        return Check("zone data", "broken", "There are no time zone rules.", "pip install tzdata", 1)
    name, count = local_zone_name(), len(available_timezones())
    if name.rpartition("/")[2] in ("UTC", "GMT", "UCT", "Zulu"):
        remedy = "If that is not so, name the incident's zone with --timezone."
        return Check("zone data", "warning", f"{count} zones; this computer says it is in UTC", remedy)
    return Check("zone data", "ok", f"{count} zones; this computer is in {name}")


def check_key(environ: Mapping[str, str]) -> tuple[Check, str | None]:
    """Where the Samsara key is and whether it looks like one; and the key, where there is a usable one."""
    typed = environ.get(KEY_VARIABLE, "").strip()
    held = typed or key_from_keyring() or ""
    ring = keyring_name()
    if not held:
        keep = "python main.py doctor --keep-key keeps it" if ring else "this computer has no keyring to keep it in"
        said = f"There is no key in {KEY_VARIABLE} or a keyring"
        return Check("Samsara key", "warning", said, f"Set {KEY_VARIABLE}, or type it when asked; {keep}."), None
    place = KEY_VARIABLE if typed else ring or "the keyring"
    try:
        key = clean_key(held)
    except FootageError as error:
        return Check("Samsara key", "broken", f"{error.message} (from {place})", error.remedy, 6), None
    if looks_odd(key):
        said = f"The key from {place} looks unlike Samsara's usual ones ({KEY_PREFIX}...)"
        return Check("Samsara key", "warning", said, "Compare it with the token in Samsara's dashboard."), key
    return Check("Samsara key", "ok", f"from {place}"), key


def check_network(environ: Mapping[str, str]) -> Iterator[Check]:
    """What a company network may put between: a proxy, and certificates of its own."""
    proxy = next((environ[name] for name in _PROXIES if environ.get(name)), "")
    yield Check("proxy", "ok", f"{without_secret(proxy)} (from the environment)" if proxy else "none is set")
    if importlib.util.find_spec("truststore") is None:
        yield Check("certificates", "warning", "only those that come with Python", "pip install truststore")
    else:
        yield Check("certificates", "ok", "the system's own are trusted, as a company's proxy needs")
    bundle = environ.get("AWS_CA_BUNDLE", "")
    if bundle and not Path(bundle).is_file():
        yield Check("AWS_CA_BUNDLE", "broken", f"{bundle} is not there", "Name a file of certificates.", 6)
    elif bundle:
        yield Check("AWS_CA_BUNDLE", "ok", f"{bundle} (used by boto3)")


def check_computer(output: Path) -> Iterator[Check]:
    """Everything that needs no service."""
    yield check_ffmpeg()
    with tempfile.TemporaryDirectory(prefix="doctor-") as work:
        yield check_encoders(Path(work))
    yield check_disk(output)
    yield check_zones()
    yield from check_network(os.environ)


def clock_check(service_date: datetime | None, now: datetime) -> Check:
    """The computer's clock against the service's."""
    if service_date is None:
        return Check("clock", "warning", "no service told the time", "Check the network, then run the doctor again.")
    off = abs((now - service_date).total_seconds())
    said = f"{off:.0f} s apart from Samsara's"
    remedy = "Let the system set its clock by the network."
    if off > 300:
        return Check("clock", "broken", said, remedy, 6)
    return Check("clock", "warning" if off > 30 else "ok", said, remedy)
