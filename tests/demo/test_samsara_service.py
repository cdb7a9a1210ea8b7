"""The stand-in for Samsara answers over HTTP as the real service does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import av
import pytest
import requests

from demo.clockcode import read
from demo.faults import ClipFate, Script, Upload
from demo.samsara_fleet import FLEET, RIG_12, TRUCK_104, VAN_7
from demo.samsara_service import Post, SamsaraService
from tests.samsara_bench import CONTENT, END, LIST, RETRIEVAL, START, Bench, running_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running_bench(tmp_path / "clip.mp4") as running:
        yield running


# --- requests that are refused ---


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fleet/vehicles/nobody", 404),
        ("GET", "/fleet/drivers", 404),
        ("PUT", "/fleet/vehicles", 405),
        ("GET", "/fleet/vehicles?limit=513", 400),
        ("GET", "/fleet/vehicles?after=nonsense", 400),
        ("GET", "/cameras/media/retrieval?retrievalId=unknown", 404),
        ("GET", "/cameras/media", 400),
    ],
)
def test_a_wrong_request_is_refused_in_samsaras_form(bench: Bench, method: str, path: str, status: int) -> None:
    answer = bench.call(method, path)
    assert (answer.status_code, set(answer.json())) == (status, {"message", "requestId"})


@pytest.mark.parametrize(
    "change",
    [
        {"endTime": "2026-11-18T14:31:00.001Z"},
        {"endTime": START},
        {"endTime": "2026-11-18T14:29:00Z"},
        {"startTime": "2026-11-18 14:30:00"},
        {"startTime": None},
        {"mediaType": "video"},
        {"mediaType": "image"},
        {"inputs": ["dashcamForwardFacing"]},
        {"inputs": []},
        {"inputs": [], "cameraRoles": ["leftside"]},
        {"vehicleId": "1"},
    ],
    ids=str,
)
def test_a_retrieval_that_samsara_would_not_take_is_refused(bench: Bench, change: dict[str, object]) -> None:
    assert bench.ask(**change).status_code == 400
    assert not bench.service.posts


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("/fleet/vehicles", "Read Vehicles"),
        (RETRIEVAL, "Read Media Retrieval"),
        (LIST, "Read Media Retrieval"),
        ("/me", "Read Org Information"),
    ],
)
def test_a_missing_permission_is_named(bench: Bench, path: str, permission: str) -> None:
    bench.service.script = Script(missing_permissions=(permission,))
    answer = bench.call("GET", path)
    assert answer.status_code == 403
    assert permission in answer.json()["message"]


def test_a_request_without_the_right_key_is_rejected(bench: Bench) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    answers = [bench.session.get(f"{bench.service.url}/me", headers=headers, timeout=10) for headers in ({}, wrong)]
    assert [answer.status_code for answer in answers] == [401, 401]


@pytest.mark.parametrize(
    ("method", "path", "calls"), [("POST", RETRIEVAL, 100), ("GET", LIST, 5), ("GET", RETRIEVAL, 5)]
)
def test_one_request_too_many_must_wait_just_as_long_as_it_is_told(
    bench: Bench, method: str, path: str, calls: int
) -> None:
    bench.service.script = Script()
    for _ in range(calls):
        assert bench.call(method, path).status_code != 429
        bench.now[0] += 0.001
    refused = bench.call(method, path)
    assert refused.status_code == 429
    wait = refused.headers["Retry-After"]
    assert "." in wait
    assert float(wait) > 0.5
    bench.now[0] += float(wait) - 0.0001
    assert bench.call(method, path).status_code == 429
    bench.now[0] += 0.0002
    assert bench.call(method, path).status_code != 429


# --- vehicles ---


def test_vehicles_come_in_short_pages_with_an_empty_one_in_the_middle(bench: Bench) -> None:
    pages, after = [], None
    while after != "":
        answer = bench.call("GET", "/fleet/vehicles", params={"limit": 3, **({"after": after} if after else {})}).json()
        pages.append([vehicle["id"] for vehicle in answer["data"]])
        after = answer["pagination"]["endCursor"]
        assert answer["pagination"]["hasNextPage"] == bool(after)
    assert [len(page) for page in pages] == [3, 0, 3, 1]
    assert sum(pages, []) == [vehicle.id for vehicle in FLEET]


def test_a_cursor_holds_only_with_the_parameters_it_was_given_for(bench: Bench) -> None:
    after = bench.call("GET", "/fleet/vehicles?limit=3").json()["pagination"]["endCursor"]
    assert bench.call("GET", f"/fleet/vehicles?limit=2&after={after}").status_code == 400


def test_one_vehicle_has_no_name_and_two_share_one(bench: Bench) -> None:
    names = [vehicle.get("name") for vehicle in bench.call("GET", "/fleet/vehicles").json()["data"]]
    assert names.count(None) == 1
    assert names.count("Spare") == 2


# --- retrievals ---


def test_a_retrieval_goes_from_empty_over_pending_to_available(bench: Bench) -> None:
    bench.service.script = Script(empty_for=5, ready_after=20, limits=False)
    retrieval_id = bench.ask().json()["data"]["retrievalId"]
    assert bench.look(retrieval_id) == []
    bench.now[0] += 5
    assert [item["status"] for item in bench.look(retrieval_id)] == ["pending"]
    bench.now[0] += 15
    assert bench.look(retrieval_id)[0] | {"urlInfo": None} == {
        "vehicleId": TRUCK_104.id,
        "input": "dashcamRoadFacing",
        "mediaType": "videoHighRes",
        "startTime": START,
        "endTime": END,
        "status": "available",
        "availableAtTime": "2026-11-18T16:00:20Z",
        "urlInfo": None,
    }


def test_a_camera_that_is_not_installed_is_invalid(bench: Bench) -> None:
    media = bench.media("dashcamRoadFacing", "analog1", vehicleId=VAN_7.id)
    assert [(item["input"], item["status"]) for item in media] == [
        ("dashcamRoadFacing", "available"),
        ("analog1", "invalid"),
    ]


def test_roles_are_resolved_to_inputs(bench: Bench) -> None:
    media = bench.media("analog1", vehicleId=RIG_12.id, cameraRoles=["rearBumper", "hopper"])
    assert [(item["input"], item["cameraRole"], item["status"]) for item in media] == [
        ("analog1", "leftSide", "available"),
        ("analog3", "rearBumper", "available"),
        ("analog1", "hopper", "invalid"),
    ]


def test_every_accepted_retrieval_is_counted_and_told_of_the_quota_used_before(bench: Bench) -> None:
    bench.service.script = Script(ready_after=10, quota_used=100.0, limits=False)
    first = bench.ask("analog1", "dashcamRoadFacing").json()["data"]["quotaStatus"]
    second = bench.ask("dashcamRoadFacing", "analog1").json()["data"]["quotaStatus"]
    bench.now[0] += 10
    third = bench.ask("dashcamRoadFacing", "analog2").json()["data"]["quotaStatus"]
    sentence = "Current monthly usage is {} seconds of high-res video out of 900000.0 available."
    assert [first, second, third] == [sentence.format(used) for used in ("100.0", "100.0", "340.0")]
    assert bench.service.posts == {
        Post(TRUCK_104.id, START, END, ("analog1", "dashcamRoadFacing")): 2,
        Post(TRUCK_104.id, START, END, ("analog2", "dashcamRoadFacing")): 1,
    }
    bench.now[0] += 10
    assert bench.service.usage == 400.0


def test_requests_are_kept_with_what_they_carried(bench: Bench) -> None:
    bench.call("GET", "/me", params={"a": "1"})
    kept = bench.service.requests[-1]
    assert (kept.method, kept.path, kept.query, kept.status) == ("GET", "/me", [("a", "1")], 200)
    assert kept.headers["authorization"] == f"Bearer {bench.service.key}"


# --- the list of uploaded media ---


def test_the_list_calls_the_dashcams_by_its_own_names(bench: Bench) -> None:
    bench.ask("dashcamRoadFacing", "dashcamDriverFacing", "analog1")
    media = bench.listed().json()["data"]["media"]
    assert sorted(item["input"] for item in media) == ["analog1", "dashcamForwardFacing", "dashcamInwardFacing"]
    assert {item["triggerReason"] for item in media} == {"api"}
    assert all("status" not in item for item in media)


def test_media_that_nobody_retrieved_can_be_there(bench: Bench) -> None:
    upload = Upload(RIG_12.id, "leftSide", START, 20, trigger="safetyEvent", linked=False)
    bench.service.script = Script(uploads=(upload,))
    item = bench.listed(vehicleIds=f"{VAN_7.id},{RIG_12.id}").json()["data"]["media"][0]
    assert (item["input"], item["cameraRole"], item["auxCamSerial"]) == ("analog1", "leftSide", "CQAA11BCCE")
    assert (item["startTime"], item["endTime"]) == (START, "2026-11-18T14:30:20Z")
    assert "urlInfo" not in item


def test_the_list_tells_only_what_became_available_after_a_time(bench: Bench) -> None:
    bench.ask("dashcamRoadFacing")
    bench.now[0] += 10
    bench.ask("dashcamDriverFacing")
    seen = [
        [item["input"] for item in bench.listed(availableAfterTime=after).json()["data"]["media"]]
        for after in ("2026-11-18T15:59:59Z", "2026-11-18T16:00:00Z", "2026-11-18T16:00:10Z")
    ]
    assert seen == [["dashcamForwardFacing", "dashcamInwardFacing"], ["dashcamInwardFacing"], []]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"startTime": "2026-11-17T14:31:00Z"}, 200),
        ({"startTime": "2026-11-17T14:30:59.999Z"}, 400),
        ({"endTime": "2026-11-18T16:00:00Z"}, 200),
        ({"endTime": "2026-11-18T16:00:00.001Z"}, 400),
        ({"inputs": ["dashcamRoadFacing", "analog1"]}, 200),
        ({"inputs": "dashcamRoadFacing,analog1"}, 400),
        ({"inputs[]": "dashcamRoadFacing"}, 400),
        ({"inputs": "dashcamForwardFacing"}, 400),
        ({"mediaTypes": "videoLowRes"}, 400),
        ({"triggerReasons": ["api", "safetyEvent"]}, 200),
        ({"vehicleIds": ",".join(["1"] * 21)}, 400),
    ],
    ids=str,
)
def test_the_list_takes_its_parameters_only_as_samsara_does(bench: Bench, change: dict, status: int) -> None:
    assert bench.listed(**change).status_code == status


def test_the_list_is_filtered_by_repeated_parameters(bench: Bench) -> None:
    bench.service.script = Script(uploads=(Upload(TRUCK_104.id, "road", START, trigger="panicButton"),))
    bench.ask("dashcamRoadFacing", "analog1")
    answer = bench.listed(inputs=["dashcamRoadFacing", "dashcamDriverFacing"], triggerReasons="api").json()
    assert [item["input"] for item in answer["data"]["media"]] == ["dashcamForwardFacing"]


# --- links and files ---


@pytest.mark.parametrize(
    ("asked", "status", "told", "part"),
    [
        ("bytes=0-99", 206, "bytes 0-99/10240", slice(0, 100)),
        ("bytes=10000-", 206, "bytes 10000-10239/10240", slice(10000, None)),
        ("bytes=10000-99999", 206, "bytes 10000-10239/10240", slice(10000, None)),
        ("bytes=-40", 206, "bytes 10200-10239/10240", slice(-40, None)),
        ("bytes=10240-", 416, "bytes */10240", slice(0, 0)),
    ],
)
def test_a_range_is_answered_exactly(bench: Bench, asked: str, status: int, told: str, part: slice) -> None:
    answer = bench.fetch(bench.link(), Range=asked)
    assert (answer.status_code, answer.headers["Content-Range"], answer.content) == (status, told, CONTENT[part])


def test_a_range_of_another_file_than_before_brings_the_whole(bench: Bench) -> None:
    url = bench.link()
    etag = bench.fetch(url).headers["ETag"]
    same = bench.fetch(url, Range="bytes=5-", **{"If-Range": etag})
    other = bench.fetch(url, Range="bytes=5-", **{"If-Range": '"other"'})
    assert (same.status_code, other.status_code, other.content) == (206, 200, CONTENT)


def test_a_link_dies_at_the_time_it_told_and_a_new_one_lives(bench: Bench) -> None:
    item = bench.media()[0]
    url, retrieval = item["urlInfo"]["url"], bench.ask().json()["data"]["retrievalId"]
    assert item["urlInfo"]["urlExpiryTime"] == "2026-11-19T00:00:00Z"
    bench.now[0] += 8 * 3600 - 1
    assert bench.fetch(url).status_code == 200
    bench.now[0] += 1
    assert bench.fetch(url).status_code == 403
    assert bench.fetch(bench.look(retrieval)[0]["urlInfo"]["url"]).status_code == 200


def test_a_link_refuses_the_key_and_any_change(bench: Bench) -> None:
    url = bench.link()
    assert bench.fetch(url, Authorization=f"Bearer {bench.service.key}").status_code == 400
    assert bench.fetch(url.replace("expires=1", "expires=2")).status_code == 403
    assert bench.fetch(url.replace("dashcamRoadFacing", "analog1")).status_code == 403


# --- real footage, a process of its own ---


def test_the_cameras_draw_what_is_asked_for_and_told(tmp_path: Path) -> None:
    with SamsaraService(height=180, script=Script(limits=False, clips=(ClipFate(shift=-0.4, shorten=0.5),))) as service:
        bench = Bench(service, requests.Session(), [])
        retrieval = bench.ask("analog1", endTime="2026-11-18T14:30:02Z").json()["data"]["retrievalId"]
        item = bench.look(retrieval)[0]
        while item["status"] == "pending":
            item = bench.look(retrieval)[0]
        (tmp_path / "clip.mp4").write_bytes(bench.fetch(item["urlInfo"]["url"]).content)
        bench.session.close()
    with av.open(str(tmp_path / "clip.mp4")) as film:
        readings = [read(frame.to_ndarray(format="gray")) for frame in film.decode(video=0)]
    told = datetime.fromisoformat(item["startTime"].replace("Z", "+00:00")).timestamp() * 1000
    assert readings[0].milliseconds == round(told)
    assert readings[0].milliseconds % 60000 == 59600
    assert len(readings) == round(1.5 * 15)


def test_a_clip_is_available_only_from_when_it_was_drawn(tmp_path: Path) -> None:
    with SamsaraService(height=180, script=Script(limits=False)) as service, requests.Session() as session:
        bench = Bench(service, session, [])
        retrieval = bench.ask("analog1", endTime="2026-11-18T14:30:05Z").json()["data"]["retrievalId"]
        pending_at = None
        while (item := bench.look(retrieval)[0])["status"] == "pending":
            pending_at = service.requests[-1].time
        assert pending_at is not None
        available = datetime.fromisoformat(item["availableAtTime"].replace("Z", "+00:00")).timestamp()
        assert available >= pending_at - 0.001


def test_it_runs_as_a_process_that_can_be_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(Script(missing_permissions=("Read Vehicles",)).to_json())
    (tmp_path / "clip.mp4").write_bytes(CONTENT)
    command = [sys.executable, "-m", "demo.samsara_service", "--script", tmp_path / "script.json"]
    command += ["--clip", tmp_path / "clip.mp4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            told = json.loads(process.stdout.readline())
            headers = {"Authorization": f"Bearer {told['key']}"}
            first = requests.get(f"{told['url']}/fleet/vehicles", headers=headers, timeout=10)
            requests.put(f"{told['url']}/_standin/script", data=Script().to_json(), timeout=10).raise_for_status()
            second = requests.get(f"{told['url']}/fleet/vehicles", headers=headers, timeout=10)
            kept = requests.get(f"{told['url']}/_standin/requests", timeout=10).json()
            posts = requests.get(f"{told['url']}/_standin/posts", timeout=10).json()
        finally:
            process.kill()
    assert [answer.status_code for answer in (first, second)] == [403, 200]
    assert [(one["path"], one["status"]) for one in kept] == [("/fleet/vehicles", 403), ("/fleet/vehicles", 200)]
    assert posts == []
