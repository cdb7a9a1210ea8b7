"""What cannot be shown of a clip: laws of the parts, and what a decoder finds that packets do not tell."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import Interrupted
from footage.video.container import open_mp4, tracks
from footage.video.damage import broken_parts, parts_in_seconds, scan, united
from footage.video.ffmpeg import FFmpeg
from footage.video.packets import Picture
from footage.video.probe import inspect
from tests.footage_samples import PLAIN, TOOL, make, truncated

pytestmark = pytest.mark.slow


def picture(shown: int, kind: str = "p") -> Picture:
    """`k` is a key frame, `p` another, capitals are broken."""
    return Picture(shown, 1, kind.islower(), kind.lower() == "k", hidden=False)


def in_order(kinds: str) -> list[Picture]:
    return [picture(number, kind) for number, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("kinds", "parts"),
    [
        ("kppkpp", []),
        ("kpPpkp", [(2, 4)]),
        ("kpPppp", [(2, None)]),
        ("ppkppp", [(0, 2)]),
        ("Kppkpp", [(0, 3)]),
        ("kpKppk", [(2, 5)]),
        ("pppp", [(0, None)]),
        ("kPkPkP", [(1, 2), (3, 4), (5, None)]),
    ],
)
def test_a_part_runs_from_the_broken_picture_to_the_next_whole_key_frame(kinds: str, parts: list[object]) -> None:
    assert list(broken_parts(in_order(kinds))) == parts


def test_pictures_that_are_stored_later_but_shown_earlier_are_lost_with_the_one_they_need() -> None:
    stored = [picture(0, "k"), picture(3, "P"), picture(1), picture(2), picture(4, "k")]
    assert list(broken_parts(stored)) == [(1, 4)]
    leading = [picture(0, "k"), picture(1, "P"), picture(4, "k"), picture(2), picture(3), picture(5)]
    assert united((a, b or 9) for a, b in broken_parts(leading)) == ((1, 4),)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted)))
def test_united_parts_cover_the_same_and_never_touch(parts: list[list[int]]) -> None:
    merged = united((begin, end) for begin, end in parts)
    covered = {t for begin, end in parts for t in range(begin, end)}
    assert {t for begin, end in merged for t in range(int(begin), int(end))} == covered
    assert all(a[1] < b[0] for a, b in zip(merged, merged[1:], strict=False))


@given(st.text(alphabet="kpKP", min_size=1, max_size=40))
def test_what_is_not_damage_can_be_decoded(kinds: str) -> None:
    parts = parts_in_seconds(in_order(kinds), 0, len(kinds), 1.0)
    bad = {t for begin, end in parts for t in range(int(begin), int(end))}
    usable, decodable = False, set()
    for number, kind in enumerate(kinds):
        usable = kind == "k" or (usable and kind == "p")
        if usable:
            decodable.add(number)
    assert set(range(len(kinds))) - bad == decodable


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("damage") / "whole.mp4", PLAIN.but(width=320, height=180, sound=""))


def decoded(path: Path) -> dict[int, np.ndarray]:
    with open_mp4(path) as container:
        video, _ = tracks(container)
        assert video is not None
        return {round(frame.time * 30): frame.to_ndarray(format="gray") for frame in container.decode(video)}


def with_noise_inside(source: Path, target: Path, number: int) -> int:
    """Replaces the middle of the `number`th stored picture, lengths and headers left right; its place in the show."""
    with open_mp4(source) as container:
        video, _ = tracks(container)
        packets = [packet for packet in container.demux(video) if packet.size]
        packet = packets[number]
        begin, size, shown = packet.pos or 0, packet.size, round(float(packet.pts * packet.time_base) * 30)
    data = bytearray(source.read_bytes())
    noise = random.Random(number)
    for at in range(begin + size // 4, begin + size - 20):
        data[at] = noise.randrange(4, 256)
    target.write_bytes(data)
    return shown


@pytest.mark.parametrize("number", [17, 32])
def test_a_scan_finds_what_is_wrong_inside_a_picture(whole: Path, tmp_path: Path, number: int) -> None:
    path = tmp_path / "noise.mp4"
    shown = with_noise_inside(whole, path, number)
    media = inspect(path)
    assert media.damage == ()
    found = scan(path, media, tool=TOOL)
    assert len(found) == 1
    begin, end = found[0]
    assert begin <= shown / 30 < end
    assert (end * 2) % 1 == pytest.approx(0, abs=1e-6)
    good, bad = decoded(whole), decoded(path)
    outside = [n for n in good if not begin - 1e-6 <= n / 30 < end - 1e-6]
    assert all(np.array_equal(good[n], bad[n]) for n in outside)


def test_a_whole_clip_and_a_cut_off_one_have_no_damage(whole: Path, tmp_path: Path) -> None:
    assert scan(whole, inspect(whole), tool=TOOL) == ()
    cut = truncated(whole, tmp_path / "cut.mp4", 0.6)
    assert scan(cut, inspect(cut), tool=TOOL) == ()


def test_a_scan_can_be_stopped(whole: Path) -> None:
    tool = FFmpeg()
    tool.stop.set()
    with pytest.raises(Interrupted):
        scan(whole, inspect(whole), tool=tool)
