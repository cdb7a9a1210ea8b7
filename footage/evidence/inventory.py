"""What lies in an incident's folder, whatever should: files, links and other strange things, what others left there."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from footage.folder import RUN_MARKS, work_folder

_LEFTOVERS = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""Left behind by file managers that somebody looked at the folder with."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """Names relative to the folder, with forward slashes. `files` are plain ones; of the rest a sentence tells what."""

    files: list[str] = field(default_factory=list)
    strange: dict[str, str] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)


def take_inventory(folder: Path, places: Collection[str], *, under_way: bool) -> Inventory:
    """Look at everything below `folder`. `places` are the folders that the package tells of, "." being the folder.

    Only there a file manager's leftovers are passed over, and pieces of films only while the run is `under_way`.
    """
    found, work = Inventory(), work_folder(folder).name
    for path in _everything(folder, found):
        name = path.relative_to(folder).as_posix()
        if PurePosixPath(name).parts[0] == work:
            _sort_piece(path, name, found, work, under_way=under_way)
        elif path.is_symlink():
            found.strange[name] = "It is a link to somewhere else, and no file."
        elif not path.is_file():
            found.strange[name] = "It is no plain file."
        elif path.name in _LEFTOVERS and PurePosixPath(name).parent.as_posix() in places:
            found.ignored[name] = "A file manager left it there."
        else:
            found.files.append(name)
    return found


def _sort_piece(path: Path, name: str, found: Inventory, work: str, *, under_way: bool) -> None:
    """Sort what lies in the work folder."""
    if under_way:
        found.ignored[work] = "Pieces of a run that has not ended."
    elif path.name in RUN_MARKS and path.parent.name == work and not path.is_symlink():
        found.ignored[name] = "The mark of a run that works here, or was stopped."
    elif path.is_symlink() or not path.is_file():
        found.strange[name] = "It is no plain file."
    else:
        found.files.append(name)


def _everything(folder: Path, found: Inventory) -> Iterator[Path]:
    """All that is no folder; links to folders are told and not followed."""

    def tell(error: OSError) -> None:
        place = Path(error.filename).relative_to(folder).as_posix()
        found.strange[place] = f"It cannot be looked into: {error.strerror}."

    for top, folders, files in os.walk(folder, onerror=tell):
        links = [name for name in folders if (Path(top) / name).is_symlink()]
        yield from (Path(top) / name for name in (*files, *links))
