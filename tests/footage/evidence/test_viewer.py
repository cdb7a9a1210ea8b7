"""The viewer page in a real browser: cameras in step, gaps as gaps, nothing from or to a network, names as text."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import stamina
from PIL import Image

from demo.cameras import ANALOG1, DRIVER, ROAD
from demo.clockcode import read
from footage.evidence.email_copy import email_copy_of
from footage.evidence.track_files import read_track
from footage.evidence.viewer import render
from tests.evidence_samples import NASTY, NOTE, REFERENCE, SECONDS, START, one_of

pytestmark = pytest.mark.slow

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

FRAME = 0.040
CAMERAS = {"road": ROAD, "driver": DRIVER, "analog1": ANALOG1}
GAPS = {"road": (53, 60), "driver": (60, 90), "analog1": (86, 90)}
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
ALWAYS = 0.98
"""The share of looks that must be right: a look may fall into the moment in which all videos wait for one of them."""
MOSTLY = 0.9
"""The same of a first look, which has to go from file to file."""
PLAY_AND_WATCH = """(seconds) => new Promise(done => {
    const seen = [], began = performance.now();
    incident.setPlaying(true);
    function look() {
        seen.push([incident.state.seconds, incident.players.map(player => player.moment())]);
        if (performance.now() - began > seconds * 1000) done(seen); else requestAnimationFrame(look);
    }
    look();
})"""


def tries() -> Iterator[Any]:
    """The browser decodes without hardware here: on a machine that is busy with other tests it may stumble."""
    return stamina.retry_context(on=AssertionError, attempts=5, timeout=None, wait_initial=0.3, wait_max=1)


def find_browser(kit: Any) -> str | None:
    """A Chromium: the one that CHROMIUM names, one on the path, or the one that playwright brought."""
    named = os.environ.get("CHROMIUM")
    found = [named, *(shutil.which(name) for name in NAMES), kit.chromium.executable_path]
    return next((path for path in found if path and Path(path).exists()), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as kit:
        path = find_browser(kit)
        if path is None:
            pytest.skip("there is no Chromium here; `python -m playwright install chromium` brings one")
        browser = kit.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def requested() -> list[str]:
    """Every address that a page asked for."""
    return []


@contextmanager
def opened(browser: Any, folder: Path, requested: list[str]) -> Iterator[Any]:
    """The page of a folder, with all cameras ready to play; it may not have had a fault in the end."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.on("request", lambda request: requested.append(request.url))
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto((folder / "index.html").as_uri())
    page.wait_for_function("() => incident.players.every(player => player.video.readyState >= 2)")
    yield page
    page.close()
    assert faults == []


@pytest.fixture
def page(browser: Any, evidence_folder: Path, requested: list[str]) -> Iterator[Any]:
    with opened(browser, evidence_folder, requested) as page:
        yield page


@pytest.fixture
def first_look(browser: Any, evidence_folder: Path, requested: list[str], tmp_path: Path) -> Iterator[Any]:
    """The page as it is before there is any film: nothing but clips lies beside it."""
    manifest = json.loads((evidence_folder / "manifest.json").read_text(encoding="utf-8"))
    clips = [entry for entry in manifest["files"] if entry["role"] == "original"]
    for entry in clips:
        shutil.copy(evidence_folder / entry["file"], tmp_path)
    cameras = {word: {**camera, "merged": None} for word, camera in manifest["cameras"].items()}
    look = render({**manifest, "cameras": cameras, "files": clips}, under_way=True)
    (tmp_path / "index.html").write_text(look, encoding="utf-8")
    with opened(browser, tmp_path, requested) as page:
        yield page


def go_to(page: Any, seconds: float) -> None:
    page.evaluate("seconds => { incident.setPlaying(false); incident.seek(seconds); }", seconds)
    page.wait_for_function(
        """() => incident.players.every(player => player.isReady()
            && (player.moment() === null || Math.abs(player.moment() - incident.state.seconds) < 0.02))"""
    )
    page.wait_for_timeout(150)


def pictures_at(page: Any, seconds: float) -> dict[str, float]:
    """The pictures of a page at rest at a moment; a busy browser is given time to draw what its videos have sought."""
    for attempt in tries():
        with attempt:
            shown = pictures(page)
            for camera, moment in shown.items():
                assert is_shown_at(camera, moment, seconds), (camera, moment)
    return shown


def with_footage(seconds: float) -> set[str]:
    """The cameras that have something to show."""
    return {camera for camera, (begin, end) in GAPS.items() if not begin <= seconds < end}


def is_shown_at(camera: str, moment: float, seconds: float) -> bool:
    """Whether a camera's picture of a moment is the one that belongs on the screen at another."""
    return -0.002 <= seconds - moment <= 1 / CAMERAS[camera].fps + 0.003


def pictures(page: Any) -> dict[str, float]:
    """Seconds from the start that the pictures on the screen show, read from the clock code in them."""
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    boxes = page.evaluate(
        """() => incident.players.filter(player => player.slate.hidden).map(player => {
            const box = player.video.getBoundingClientRect(), video = player.video;
            const scale = Math.min(box.width / video.videoWidth, box.height / video.videoHeight);
            const width = video.videoWidth * scale, height = video.videoHeight * scale;
            const left = box.left + (box.width - width) / 2, top = box.top + (box.height - height) / 2;
            return [player.camera, left, top, width, height];
        })"""
    )
    shown = {}
    for camera, left, top, width, height in boxes:
        picture = shot[round(top) : round(top + height), round(left) : round(left + width)]
        code = read(picture)
        assert code is not None, f"no clock can be read in {camera}"
        assert code.camera == CAMERAS[camera].index
        shown[camera] = code.milliseconds / 1000 - START.timestamp()
    return shown


@pytest.mark.parametrize("seconds", [0.0, 12.34, 47.08, 71.5, 85.9])
def test_after_a_seek_every_camera_shows_the_picture_of_that_moment(page: Any, seconds: float) -> None:
    go_to(page, seconds)
    assert set(pictures_at(page, seconds)) == with_footage(seconds)


@pytest.mark.parametrize("seconds", [0.0, 47.08, 71.5])
def test_a_first_look_shows_the_clips_themselves(first_look: Any, seconds: float) -> None:
    test_after_a_seek_every_camera_shows_the_picture_of_that_moment(first_look, seconds)


def in_step(seen: list[tuple[float, list[float | None]]]) -> float:
    """The share of looks at which all cameras that show something were within a frame of each other."""
    shown = [[moment for moment in moments if moment is not None] for _, moments in seen]
    return sum(max(here) - min(here) <= FRAME for here in shown) / len(seen)


def near_the_clock(seen: list[tuple[float, list[float | None]]]) -> float:
    """The share of looks at which they were near the clock too, which moves once a picture of the screen only."""
    off = [abs(clock - moment) for clock, moments in seen for moment in moments if moment is not None]
    return sum(each <= 3 * FRAME for each in off) / len(off)


@pytest.mark.parametrize(("begin", "speed", "watch"), [(10, 1, 2.5), (20, 2, 2.5), (51.5, 1, 10), (50, 2, 6.5)])
def test_while_playing_cameras_stay_within_a_frame_at_any_speed_and_across_a_gap(
    page: Any, begin: float, speed: float, watch: float
) -> None:
    for attempt in tries():
        with attempt:
            go_to(page, begin)
            page.select_option("#speed", str(speed))
            seen = page.evaluate(PLAY_AND_WATCH, watch)
            assert seen[-1][0] - begin == pytest.approx(watch * speed, rel=0.2)
            assert in_step(seen) >= ALWAYS
            assert near_the_clock(seen) >= ALWAYS


WATCH_THE_CLOCK = """(seconds) => new Promise(done => {
    const seen = [];
    incident.setPlaying(true);
    function look(now) {
        seen.push([now / 1000, incident.state.seconds]);
        if (now / 1000 - seen[0][0] > seconds) done(seen); else requestAnimationFrame(look);
    }
    requestAnimationFrame(look);
})"""


@pytest.mark.parametrize("speed", [1, 2])
def test_the_clock_never_runs_ahead_also_where_the_camera_with_sound_goes_into_a_gap(page: Any, speed: int) -> None:
    for attempt in tries():
        with attempt:
            go_to(page, 51)
            page.select_option("#speed", str(speed))
            seen = page.evaluate(WATCH_THE_CLOCK, 4)
            assert seen[-1][1] > 53.5
            ahead = [after[1] - before[1] - (after[0] - before[0]) * speed for before, after in pairwise(seen)]
            assert max(ahead) <= 0.1


CANNOT_PLAY_FASTER = """(most) => {
    const video = incident.players[1].video;
    const own = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'playbackRate');
    Object.defineProperty(video, 'playbackRate', {
        get() { return own.get.call(this); },
        set(rate) { own.set.call(this, Math.min(rate, most)); },
    });
}"""


def test_a_camera_that_cannot_keep_up_is_waited_for_also_by_the_one_with_sound(page: Any) -> None:
    page.evaluate(CANNOT_PLAY_FASTER, 1.3)
    for attempt in tries():
        with attempt:
            go_to(page, 10)
            page.select_option("#speed", "2")
            seen = page.evaluate(PLAY_AND_WATCH, 5)
            apart = sorted(max(moments) - min(moments) for _, moments in seen)
            assert apart[len(apart) // 2] < 0.16  # without waiting it falls behind by up to 0.7 s, again and again
            assert seen[-1][0] - 10 < 5 * 1.3 + 0.7


def test_a_first_look_plays_on_from_clip_to_clip(first_look: Any) -> None:
    files = "() => incident.players.map(player => player.video.getAttribute('src'))"
    for attempt in tries():
        with attempt:
            go_to(first_look, 51.5)
            before = first_look.evaluate(files)
            seen = first_look.evaluate(PLAY_AND_WATCH, 12)
            assert seen[-1][0] > 61
            went_on = [one != other for one, other in zip(before, first_look.evaluate(files), strict=True)]
            assert went_on == [True, False, True]  # the driver's camera has nothing in the second minute
            assert in_step(seen) >= MOSTLY
            assert near_the_clock(seen) >= MOSTLY
    now = first_look.evaluate("incident.state.seconds")
    go_to(first_look, now)
    shown = pictures(first_look)
    assert set(shown) == with_footage(now)
    for camera, moment in shown.items():  # where it has stopped, it does not seek: the next picture may stand there
        assert abs(moment - now) <= 1 / CAMERAS[camera].fps + 0.02


def test_a_camera_whose_film_ends_a_little_early_does_not_begin_anew(page: Any) -> None:
    page.evaluate("() => { const [on, off] = incident.players[1].pieces; on.end = off.start = 60.5; }")
    go_to(page, 59)
    seen = page.evaluate(PLAY_AND_WATCH, 2)
    driver = [moment for _, moments in seen if (moment := moments[1]) is not None]
    assert len(driver) > 5
    assert driver == sorted(driver)


def test_a_camera_that_comes_out_of_a_gap_runs_already_behind_its_slate(page: Any) -> None:
    for attempt in tries():
        with attempt:
            go_to(page, 58)
            page.evaluate("incident.setPlaying(true)")
            page.wait_for_function("() => incident.state.seconds > 59.7", polling="raf")
            paused, shown, off = page.evaluate(ROAD)
            assert (paused, shown) == (False, False)
            assert off == pytest.approx(0, abs=3 * FRAME)


ROAD = """() => {
    const road = incident.players[0], off = road.filmTime(incident.state.seconds) - road.video.currentTime;
    return [road.video.paused, road.slate.hidden, off];
}"""
SEAM = """([start, seconds]) => {
    const road = incident.players[0], piece = road.pieces[0];
    const after = { ...piece, start: start + seconds, film: piece.film + start - piece.start };
    road.pieces.splice(0, 1, { ...piece, end: start }, { start, end: start + seconds, seam: true, reason: '' }, after);
}"""


@pytest.mark.parametrize(("seconds", "stops"), [(0.04, False), (0.4, True)])
def test_a_short_seam_does_not_stop_a_camera_and_a_longer_one_holds_its_picture(
    page: Any, seconds: float, stops: bool
) -> None:
    page.evaluate(SEAM, [21, seconds])
    page.evaluate("() => incident.players[0].video.addEventListener('pause', () => { window.stopped = true; })")
    for attempt in tries():
        with attempt:
            go_to(page, 20)
            page.evaluate("window.stopped = false")
            seen = page.evaluate(PLAY_AND_WATCH, 2.5)
            assert page.evaluate("window.stopped") is stops
            assert any(21 < clock < 21 + seconds + 0.5 for clock, _ in seen)
            assert not page.locator('[data-camera="road"] .slate').is_visible()
            assert near_the_clock(seen) >= ALWAYS


def test_a_gap_is_a_slate_with_its_reason_in_words(page: Any) -> None:
    go_to(page, 55)
    slate = page.locator('[data-camera="road"] .slate')
    assert slate.is_visible()
    assert "08:30:53 to 08:31:00 CST" in slate.inner_text()
    assert "no footage" in page.locator("#status").inner_text()
    assert not page.locator('[data-camera="driver"] .slate').is_visible()


def test_no_request_leaves_the_folder(page: Any, requested: list[str], evidence_folder: Path) -> None:
    page.evaluate("incident.setPlaying(true)")
    page.wait_for_timeout(300)
    assert requested
    for address in requested:
        parts = urlsplit(address)
        assert parts.scheme in ("file", "data"), address
        if parts.scheme == "file":
            assert Path(unquote(parts.path)).parent in (evidence_folder, evidence_folder / "stills")


def test_the_page_forbids_itself_the_network(page: Any, requested: list[str]) -> None:
    before = len(requested)
    answer = page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')")
    assert answer == "refused"
    assert not [address for address in requested[before:] if address.startswith("http")]


def test_a_vehicle_with_a_nasty_name_stays_text(page: Any) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    page.reload()
    page.wait_for_function("() => window.incident !== undefined")
    assert page.locator("h1").inner_text() == NASTY
    assert page.locator('img[src="x"]').count() == 0
    assert asked == []


def test_reference_and_note_are_told_as_text(page: Any) -> None:
    head = page.locator("header").inner_text()
    assert REFERENCE in head
    assert NOTE.splitlines()[1] in head
    assert "-1.5 s against true time" in head


def test_the_keyboard_alone_plays_steps_and_enlarges(page: Any) -> None:
    go_to(page, 30)
    page.keyboard.press(".")
    assert page.evaluate("incident.state.seconds") == pytest.approx(30 + 1 / 30)
    page.keyboard.press(",")
    assert page.evaluate("incident.state.seconds") == pytest.approx(30)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("incident.state.seconds") == pytest.approx(35)
    page.keyboard.press("End")
    assert page.evaluate("incident.state.seconds") == SECONDS
    page.keyboard.press("Home")
    page.keyboard.press("2")
    assert page.locator('[data-camera="driver"]').evaluate("figure => figure.classList.contains('is-large')")
    page.keyboard.press(" ")
    page.wait_for_function("() => incident.state.seconds > 0.2")
    page.keyboard.press(" ")
    assert page.evaluate("incident.state.playing") is False


def test_the_arrows_move_the_thumb_of_the_bar_that_has_the_focus(page: Any) -> None:
    go_to(page, 30)
    page.focus("#scrub")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => Number(document.getElementById('scrub').value) === 35")


def copied(evidence_folder: Path, target: Path, roles: set[str]) -> Path:
    """What is left of a folder where the files of other roles are left out of a copy."""
    for entry in json.loads((evidence_folder / "manifest.json").read_text(encoding="utf-8"))["files"]:
        if entry["role"] in roles:
            (target / entry["file"]).parent.mkdir(exist_ok=True)
            shutil.copy(evidence_folder / entry["file"], target / entry["file"])
    shutil.copy(evidence_folder / "index.html", target)
    return target


def test_a_copy_without_the_joined_films_plays_the_originals(
    browser: Any, evidence_folder: Path, requested: list[str], tmp_path: Path
) -> None:
    with opened(browser, copied(evidence_folder, tmp_path, {"original"}), requested) as page:
        for seconds in (47.08, 71.5):
            test_after_a_seek_every_camera_shows_the_picture_of_that_moment(page, seconds)


def test_a_copy_without_any_film_does_not_call_footage_missing_and_plays_the_small_copy(
    browser: Any, evidence_folder: Path, tmp_path: Path
) -> None:
    folder = copied(evidence_folder, tmp_path, {"still"})
    side = one_of(evidence_folder, "SideBySide_*")
    shutil.copy(side, folder / email_copy_of(side.name))
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    page.wait_for_function("() => incident.players.every(player => player.broken)")
    slate = page.locator('[data-camera="road"] .slate')
    slate.wait_for()
    assert "no footage" not in slate.inner_text()
    assert "not in this copy" in slate.inner_text()
    page.locator("#small video").wait_for()
    page.evaluate("incident.seek(55)")
    page.wait_for_function("() => document.querySelector('.slate .what').textContent.includes('no footage')")
    page.evaluate("document.querySelector('#small video').currentTime = 30")
    page.wait_for_function("() => Math.abs(incident.state.seconds - 30) < 0.1")
    assert page.get_by_role("link", name=email_copy_of(side.name)).is_visible()
    page.close()


def test_sound_comes_from_the_chosen_camera_only(page: Any) -> None:
    page.select_option("#sound", "road")
    assert muted(page) == {"road": False, "driver": True, "analog1": True}


def test_a_camera_is_silent_behind_its_slate(page: Any) -> None:
    page.select_option("#sound", "road")
    go_to(page, 55)
    assert muted(page)["road"] is True
    go_to(page, 61)
    assert muted(page)["road"] is False


def muted(page: Any) -> dict[str, bool]:
    return dict(page.evaluate("incident.players.map(player => [player.camera, player.video.muted])"))


def test_a_screen_reader_finds_names_for_everything_that_can_be_worked(page: Any) -> None:
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, select, input, a, video, svg, img')].filter(each => {
            const named = each.getAttribute('aria-label') || each.getAttribute('alt') || each.textContent.trim();
            return !named && !each.closest('label');
        }).map(each => each.outerHTML)"""
    )
    assert nameless == []
    assert page.get_by_role("slider", name="Moment of the incident").get_attribute("aria-valuetext")
    assert page.get_by_role("table", name="Every gap").is_visible()


def test_the_clock_is_local_with_its_zone_and_utc(page: Any) -> None:
    go_to(page, 61.25)
    assert page.locator("#clock").inner_text() == "2026-11-18 08:31:01.250 CST (14:31:01.250 UTC)"


def test_speed_is_told_and_never_carried_over_a_hole(page: Any) -> None:
    go_to(page, 10.5)
    assert re.search(r"Speed: \d+ km/h \(\d+ mph\)", page.locator("#reading").inner_text())
    go_to(page, 27)
    assert page.locator("#reading").inner_text() == "Speed: no data"


def test_it_prints_on_one_page(page: Any) -> None:
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 1


def test_many_gaps_print_on_one_page_too(browser: Any, evidence_folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((evidence_folder / "manifest.json").read_text(encoding="utf-8"))
    for camera in manifest["cameras"].values():
        gap = camera["gaps"][0]
        camera["gaps"] = [gap] * 30
        words = "; ".join(f"{gap['local']}, {gap['seconds']:g} s, {gap['words']}" for _ in range(30))
        camera["coverage"] = f"{camera['label']}: 83 of 90 seconds. 30 gaps: {words}."
    folder = copied(evidence_folder, tmp_path, {"still", "original"})
    (folder / "index.html").write_text(render(manifest, read_track(evidence_folder)), encoding="utf-8")
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    test_it_prints_on_one_page(page)
    page.close()


def test_coverage_and_hashes_are_on_the_page(page: Any, evidence_folder: Path) -> None:
    manifest = json.loads((evidence_folder / "manifest.json").read_text(encoding="utf-8"))
    text = page.locator("main").evaluate("main => main.textContent")
    for camera in manifest["cameras"].values():
        assert camera["coverage"] in text
    for entry in manifest["files"]:
        assert entry["sha256"] in text
