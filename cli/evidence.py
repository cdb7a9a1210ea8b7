"""The commands for a folder that is finished: check it, pack it; what was found in words or as the JSON object."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from footage.cluster.workshop import ClusterWorkshop
from footage.errors import InputRefused, VerificationFailed
from footage.evidence.pack import pack
from footage.evidence.verify import State, Verification, verify
from footage.models import UTC
from footage.video.ffmpeg import FFmpeg

Say = Callable[[str], None]


def verify_folder(
    folder: Path,
    *,
    decode: bool,
    as_json: bool,
    out: Say,
    say: Say,
    stop: threading.Event | None = None,
    cluster: str | None = None,
) -> int:
    """Check a folder and tell what was found; the exit code."""
    if cluster is None:
        found = verify(folder, decode=decode, say=say, stop=stop)
    else:
        workshop = ClusterWorkshop(cluster, say=say)
        with workshop.open(folder.parent):
            found = verify(folder, decode=decode, say=say, stop=stop, workshop=workshop)
    if as_json:
        out(json.dumps(_to_json(found)))
    else:
        for line in _words(found):
            out(line)
    return VerificationFailed.exit_code if found.differences else 0


def pack_folder(folder: Path, limit: str | None, target: Path | None, *, as_json: bool, out: Say, say: Say) -> int:
    """Pack a folder into one zip beside it, or at `target`; the exit code."""
    folder = folder.absolute()
    target = target or folder.with_name(f"{folder.name}.zip")
    limited = parse_size(limit) if limit else None
    packed = pack(folder, target, max_bytes=limited, tool=FFmpeg(), clock=lambda: datetime.now(UTC), say=say)
    if as_json:
        told = {"schema": 1, "status": "packed", "exit_code": 0, "zip": str(packed.path.absolute())}
        rest = {"bytes": packed.bytes, "files": packed.files, "left_out": packed.left_out, "copy": packed.copy}
        out(json.dumps({**told, **rest, "error": None}))
        return 0
    if packed.copy:
        out(f"In place of the side-by-side film there is a small copy of it, a derivative: {packed.copy}")
    out(f"{packed.files} files, {packed.bytes / 1e6:.1f} MB, read back and found right: {packed.path}")
    return 0


def parse_size(text: str) -> int:
    """`25MB`, `1.5 GB`, `800k` as bytes. Raises InputRefused for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMG]?)B?", text.strip(), re.IGNORECASE)
    if match is None or not float(match[1]):
        raise InputRefused(f"{text!r} is not a size: write it as 25MB.")
    return int(float(match[1]) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[match[2].lower()])


def _words(found: Verification) -> Iterator[str]:
    for finding in found.findings:
        yield f"{finding.state.value:>10}  {finding.file}" + (f"  ({finding.why})" if finding.why else "")
    yield from (f"{'wrong':>10}  {sentence}" for sentence in found.others)
    rate = found.bytes / 1e6 / max(found.seconds, 1e-6)
    yield f"{found.bytes / 1e6:.1f} MB read in {found.seconds:.2f} s ({rate:.0f} MB/s); {found.films} films played."
    yield f"Seal (the SHA-256 of SHA256SUMS): {found.seal or 'there is none'}"
    count = len(found.differences)
    left_out = sum(each.state is State.LEFT_OUT for each in found.findings)
    if left_out:
        yield f"{left_out} file{'s' * (left_out > 1)} of the package were left out when this copy was packed."
    yield "Verified: nothing was changed." if not count else f"NOT as it was: {count} difference{'s' * (count > 1)}."


def _to_json(found: Verification) -> dict[str, Any]:
    failed = bool(found.differences)
    message = f"{len(found.differences)} differences"
    return {
        "schema": 1,
        "status": "failed" if failed else "verified",
        "exit_code": VerificationFailed.exit_code if failed else 0,
        "folder": str(found.folder.absolute()),
        "files": [{"file": each.file, "state": each.state.value, "why": each.why} for each in found.findings],
        "differences": found.differences,
        "films_played": found.films,
        "bytes": found.bytes,
        "seconds": round(found.seconds, 3),
        "seal": found.seal,
        "error": {"kind": VerificationFailed.kind, "message": message} if failed else None,
    }
