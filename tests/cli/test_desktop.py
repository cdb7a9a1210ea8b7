"""What the program asks of the computer around it."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.site import ROOT

COUNT_HEAPS = """
import ctypes, sys, threading
from cli.desktop import spare_memory
if sys.argv[2] == "spare":
    spare_memory()
together = threading.Barrier(8)
def work():
    together.wait()
    kept = [bytes(10_000 + number) for number in range(100)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps a heap for each thread")
@pytest.mark.parametrize(("how", "most"), [("spare", 2), ("as it is", 64)])
def test_threads_share_heaps_where_each_would_keep_its_own(tmp_path: Path, how: str, most: int) -> None:
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", COUNT_HEAPS, str(told), how], cwd=ROOT, check=True)
    heaps = told.read_text().count("<heap nr=")
    assert heaps <= most
    assert heaps > 2 or how == "spare"
