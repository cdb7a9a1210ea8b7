"""SHA256SUMS: the list of hashes that `sha256sum -c` and PowerShell's Get-FileHash check without this program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from footage.files import write_text

NAME = "SHA256SUMS"
_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64}) [ *](?P<file>.+)")


def write_checksums(folder: Path, hashes: Mapping[str, str]) -> None:
    """Write the list for these files, named relative to `folder` with forward slashes."""
    write_text(folder / NAME, text_of(hashes))


def text_of(hashes: Mapping[str, str]) -> str:
    """The list as it goes to disk."""
    return "".join(f"{hashes[file]} *{file}\n" for file in sorted(hashes))


def read_checksums(folder: Path) -> dict[str, str]:
    """The list as file to hash; empty where there is none. A line that is none of a list is passed over."""
    path = folder / NAME
    return hashes_in(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else {}


def hashes_in(text: str) -> dict[str, str]:
    """The same of a list's text."""
    found = map(_LINE.fullmatch, text.splitlines())
    return {match["file"]: match["sha256"] for match in found if match}
