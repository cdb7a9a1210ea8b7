"""Samsara's own Python SDK talks to the stand-in and understands every answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.faults import ClipFate, Script, Upload, web_page
from demo.samsara_fleet import FLEET, RIG_12, TRUCK_104
from demo.samsara_service import SamsaraService

samsara = pytest.importorskip("samsara", reason="the samsara-api package is not installed")
errors = pytest.importorskip("samsara.core.api_error")

START, END = "2026-11-18T14:30:00Z", "2026-11-18T14:31:00Z"
NO_RETRIES = {"max_retries": 0}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SamsaraService]:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    with SamsaraService(footage=lambda shot: clip) as running:
        yield running


@pytest.fixture
def client(service: SamsaraService) -> samsara.Samsara:
    return samsara.Samsara(base_url=service.url, token=service.key)


def ask(client: samsara.Samsara, **changes: object) -> str:
    wanted = {
        "vehicle_id": TRUCK_104.id,
        "start_time": START,
        "end_time": END,
        "media_type": "videoHighRes",
        "inputs": ["dashcamRoadFacing", "dashcamDriverFacing", "analog1", "analog2"],
    }
    answer = client.media.post_media_retrieval(**{**wanted, **changes}, request_options=NO_RETRIES)
    assert answer.data.quota_status.startswith("Current monthly usage is ")
    return answer.data.retrieval_id


def test_it_reads_vehicles_page_by_page_with_an_empty_one_between(
    service: SamsaraService, client: samsara.Samsara
) -> None:
    service.script = Script(vehicle_page=3)
    sizes, names, after = [], [], None
    while after != "":
        page = client.vehicles.list(limit=512, after=after).response
        sizes.append(len(page.data))
        names += [vehicle.name for vehicle in page.data]
        after = page.pagination.end_cursor
    assert sizes == [3, 0, 3, 1]
    assert names == [vehicle.record.get("name") for vehicle in FLEET]


def test_its_pager_reads_the_vehicles_of_one_page(client: samsara.Samsara) -> None:
    vehicles = list(client.vehicles.list(limit=512))
    assert [vehicle.id for vehicle in vehicles] == [vehicle.id for vehicle in FLEET]
    assert [vehicle.name for vehicle in vehicles][:5] == ["Truck 104", "Van 7", "Rig 12", "Pickup 7 (no camera)", None]
    assert vehicles[0].license_plate == "8TRK104"
    assert vehicles[0].camera_serial == "CXYZ-98K-LMN"


def test_it_reads_one_vehicle_by_id_and_by_external_id(client: samsara.Samsara) -> None:
    assert client.vehicles.get(TRUCK_104.id).data.name == "Truck 104"
    assert client.vehicles.get("samsara.vin:1FTBW2CM5HKA12345").data.name == "Van 7"


def test_it_reads_a_retrieval_whose_cameras_end_differently(service: SamsaraService, client: samsara.Samsara) -> None:
    service.script = Script(clips=(ClipFate("driver", status="failed"), ClipFate("analog1", status="pending")))
    media = client.media.get_media_retrieval(retrieval_id=ask(client)).data.media
    assert [(item.input, item.status) for item in media] == [
        ("dashcamRoadFacing", "available"),
        ("dashcamDriverFacing", "failed"),
        ("analog1", "pending"),
        ("analog2", "invalid"),
    ]
    assert media[0].url_info.url.startswith(service.url)
    assert media[0].url_info.url_expiry_time > media[0].available_at_time
    assert media[1].url_info is None


def test_it_reads_cameras_asked_for_by_role(client: samsara.Samsara) -> None:
    retrieval = ask(client, vehicle_id=RIG_12.id, inputs=["dashcamRoadFacing"], camera_roles=["leftSide", "rearBumper"])
    media = client.media.get_media_retrieval(retrieval_id=retrieval).data.media
    assert [(item.input, item.camera_role, item.auxcam_serial) for item in media] == [
        ("dashcamRoadFacing", None, None),
        ("analog1", "leftSide", RIG_12.serial),
        ("analog3", "rearBumper", RIG_12.serial),
    ]


def test_it_reads_a_retrieval_of_which_nothing_is_known_yet(service: SamsaraService, client: samsara.Samsara) -> None:
    service.script = Script(empty_for=3600)
    assert client.media.get_media_retrieval(retrieval_id=ask(client)).data.media == []


def test_it_lists_uploaded_media_page_by_page_with_filters(service: SamsaraService, client: samsara.Samsara) -> None:
    cameras = ("road", "driver", "analog1")
    uploads = tuple(Upload(TRUCK_104.id, camera, START, trigger="safetyEvent") for camera in cameras)
    service.script = Script(uploads=uploads, list_page=1)
    ask(client, inputs=["dashcamRoadFacing"])
    wanted = {"vehicle_ids": TRUCK_104.id, "start_time": START, "end_time": END, "media_types": ["videoHighRes"]}
    seen, after = [], None
    while after != "":
        page = client.media.list_uploaded_media(**wanted, inputs=["dashcamRoadFacing", "analog1"], after=after)
        seen += [(item.input, item.trigger_reason) for item in page.data.media]
        after = page.pagination.end_cursor
    assert sorted(seen) == [
        ("analog1", "safetyEvent"),
        ("dashcamForwardFacing", "api"),
        ("dashcamForwardFacing", "safetyEvent"),
    ]


def test_it_reads_who_the_key_belongs_to(client: samsara.Samsara) -> None:
    assert client.organization_info.get_organization_info().data.name == "Northline Haulage"


@pytest.mark.parametrize(
    ("status", "change"),
    [
        (400, {"end_time": "2026-11-18T14:31:01Z"}),
        (400, {"inputs": ["dashcamForward"]}),
        (400, {"vehicle_id": "1"}),
    ],
)
def test_it_raises_its_own_error_for_a_refused_body(
    client: samsara.Samsara, status: int, change: dict[str, object]
) -> None:
    with pytest.raises(errors.ApiError) as raised:
        ask(client, **change)
    assert raised.value.status_code == status
    assert set(raised.value.body) == {"message", "requestId"}


def test_it_raises_its_own_errors_for_key_permission_and_unknown_ids(service: SamsaraService) -> None:
    with pytest.raises(errors.ApiError) as rejected:
        ask(samsara.Samsara(base_url=service.url, token="wrong"))
    client = samsara.Samsara(base_url=service.url, token=service.key)
    with pytest.raises(errors.ApiError) as unknown:
        client.media.get_media_retrieval(retrieval_id="nobody's", request_options=NO_RETRIES)
    service.script = Script(missing_permissions=("Write Media Retrieval",))
    with pytest.raises(errors.ApiError) as missing:
        ask(client)
    assert [raised.value.status_code for raised in (rejected, unknown, missing)] == [401, 404, 403]
    assert "Write Media Retrieval" in str(missing.value.body)


def test_it_sees_the_rate_limit_with_a_fractional_wait(client: samsara.Samsara) -> None:
    retrieval = ask(client)
    for _ in range(5):
        client.media.get_media_retrieval(retrieval_id=retrieval, request_options=NO_RETRIES)
    with pytest.raises(errors.ApiError) as raised:
        client.media.get_media_retrieval(retrieval_id=retrieval, request_options=NO_RETRIES)
    assert raised.value.status_code == 429
    assert "." in raised.value.headers["retry-after"]


def test_it_sees_a_web_page_as_an_error(service: SamsaraService, client: samsara.Samsara) -> None:
    service.script = Script(faults=(web_page(502),))
    with pytest.raises(errors.ApiError) as raised:
        client.vehicles.list(request_options=NO_RETRIES)
    assert raised.value.status_code == 502
