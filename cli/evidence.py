"""The commands for a folder that is finished: check it, pack it; what was found in words or as the JSON object."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from footage.errors import VerificationFailed
from footage.evidence.verify import Verification, verify

Say = Callable[[str], None]


def verify_folder(
    folder: Path, *, decode: bool, as_json: bool, out: Say, say: Say, stop: threading.Event | None = None
) -> int:
    """Check a folder and tell what was found; the exit code."""
    found = verify(folder, decode=decode, say=say, stop=stop)
    if as_json:
        out(json.dumps(_to_json(found)))
    else:
        for line in _words(found):
            out(line)
    return VerificationFailed.exit_code if found.differences else 0


def _words(found: Verification) -> Iterator[str]:
    for finding in found.findings:
        yield f"{finding.state.value:>10}  {finding.file}" + (f"  ({finding.why})" if finding.why else "")
    yield from (f"{'wrong':>10}  {sentence}" for sentence in found.others)
    rate = found.bytes / 1e6 / max(found.seconds, 1e-6)
    yield f"{found.bytes / 1e6:.1f} MB read in {found.seconds:.2f} s ({rate:.0f} MB/s); {found.films} films played."
    yield f"Seal (the SHA-256 of SHA256SUMS): {found.seal or 'there is none'}"
    count = len(found.differences)
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
