"""Programs of one script that stand in for another one, on every system."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def program_of(folder: Path, script: str) -> Path:
    """Something to start that runs a script of Python with whatever it is given."""
    source, program = folder / "program.py", folder / ("program.bat" if os.name == "nt" else "program")
    source.write_text(script, encoding="utf-8")
    shell = '@"{}" "{}" %*' if os.name == "nt" else "#!/bin/sh\nexec '{}' '{}' \"$@\"\n"
    program.write_text(shell.format(sys.executable, source), encoding="utf-8")
    program.chmod(0o755)
    return program
