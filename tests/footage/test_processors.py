"""Workers' processors: each its own, also across commands; nobody is kept from working where there are too few."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.processors import ANY, claimed, kept_to

COUNT = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 0
HOW_MANY = "import os; print(len(os.sched_getaffinity(0)))"

several = pytest.mark.skipif(COUNT < 2, reason="this system has one processor, or cannot keep a process to one")


@several
def test_two_commands_workers_keep_to_different_processors(tmp_path: Path) -> None:
    with claimed(1, 1, tmp_path) as [one], claimed(1, 1, tmp_path) as [other]:
        assert len(one) == len(other) == 1
        assert one != other


@several
def test_each_worker_has_as_many_processors_as_threads(tmp_path: Path) -> None:
    with claimed(COUNT // 2, 2, tmp_path) as shares:
        assert [len(share) for share in shares] == [2] * (COUNT // 2)
        assert len(frozenset().union(*shares)) == COUNT // 2 * 2


def test_where_there_are_too_few_each_may_use_all_and_none_stays_claimed(tmp_path: Path) -> None:
    with claimed(COUNT + 1, 1, tmp_path) as shares, claimed(COUNT or 1, 1, tmp_path) as others:
        assert shares == [ANY] * (COUNT + 1)
        assert (ANY in others) == (COUNT == 0)


@several
def test_a_claim_ends_with_its_command(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(COUNT, 1, tmp_path) as shares:
            assert ANY not in shares


@several
def test_what_is_started_meanwhile_is_kept_to_them(tmp_path: Path) -> None:
    with claimed(1, 1, tmp_path) as [share], kept_to(share):
        told = subprocess.run([sys.executable, "-c", HOW_MANY], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "1"
    assert len(os.sched_getaffinity(0)) == COUNT
