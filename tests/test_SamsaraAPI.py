"""Claims about the Samsara client: payloads become values, answers become the right error, nothing is asked twice."""

import json
import logging
import re
import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import (
    BadAnswer,
    FateUnknown,
    InputRefused,
    InsecureAddress,
    Interrupted,
    KeyRejected,
    NotRecording,
    PermissionMissing,
    QuotaReached,
    RequestRefused,
    ServiceUnreachable,
)
from footage.models import UTC, MediaType, Quota, TimeWindow, Vehicle
from footage.pacing import Pacer, Pause, growing_wait, seconds_of
from footage.samsara import payloads
from footage.samsara.receiving import MOST_BYTES
from SamsaraAPI import SamsaraClient

KEY = "samsara_api_0123456789abcdefghijklmnopqrst"
HOST = "https://api.samsara.com"
RETRIEVAL = f"{HOST}/cameras/media/retrieval"
UPLOADED = f"{HOST}/cameras/media"
VEHICLES = f"{HOST}/fleet/vehicles"
START = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
WINDOW = TimeWindow(START, START + timedelta(seconds=60))
EXAMPLES = Path(__file__).parents[1] / ".." / "shared" / "reference" / "samsara-examples.json"


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def client(clock):
    return make_client(clock)


@pytest.fixture
def service():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


def make_client(clock=None, **options):
    clock = clock or Time()
    return SamsaraClient(KEY, sleep=clock.sleep, clock=clock, **options)


def ask(client, cameras=("road", "driver"), media_type=MediaType.HIGH, window=WINDOW):
    return client.create_retrieval("281474990123456", window, cameras, media_type)


def accepted(retrieval_id="r-1", sentence="Current monthly usage is 1260.0 seconds of high-res video out of 900000.0."):
    return {"data": {"retrievalId": retrieval_id, "quotaStatus": sentence}}


def media(**changes):
    item = {
        "vehicleId": "1",
        "input": "dashcamRoadFacing",
        "mediaType": "videoHighRes",
        "startTime": "2026-11-18T14:30:00Z",
        "endTime": "2026-11-18T14:31:00Z",
        "status": "available",
    } | changes
    return {name: value for name, value in item.items() if value is not None}


def one_retrieval(*items):
    return {"data": {"media": list(items)}}


# ---------------------------------------------------------------- the reference payloads


def examples():
    if not EXAMPLES.exists():
        return {}
    return {name: case for name, case in json.loads(EXAMPLES.read_text()).items() if name != "_readme"}


OURS = {"/fleet/vehicles", "/cameras/media/retrieval", "/cameras/media"}
GOOD = [n for n, c in examples().items() if c["request"]["path"] in OURS and c["response"]["status"] == 200]
ERRORS = {
    "err_400_not_recording": NotRecording,
    "err_400_duration": RequestRefused,
    "err_401": KeyRejected,
    "err_403": PermissionMissing,
    "err_404_unknown_retrieval": RequestRefused,
    "err_429_rate": ServiceUnreachable,
    "err_429_or_4xx_quota": QuotaReached,
    "err_500": ServiceUnreachable,
    "err_502_html": ServiceUnreachable,
}
needs_examples = pytest.mark.skipif(not EXAMPLES.exists(), reason="the shared reference payloads are not here")


def serve_example(service, case):
    answer = case["response"]
    body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
    headers = {name: value for name, value in answer["headers"].items() if name != "Content-Type"}
    url = HOST + case["request"]["path"]
    content_type = answer["headers"]["Content-Type"]
    service.add(
        case["request"]["method"], url, body=body, status=answer["status"], headers=headers, content_type=content_type
    )


def call_like(client, request):
    if request["path"] == "/fleet/vehicles":
        return client.vehicles()
    if request["method"] == "POST":
        return ask(client)
    if request["path"] == "/cameras/media":
        return client.uploaded(["1"], WINDOW, media_types=list(MediaType))
    return client.retrieval("r")


@needs_examples
@pytest.mark.parametrize("name", GOOD)
def test_every_reference_answer_is_understood(name, service, client, caplog):
    case = examples()[name]
    body = case["response"]["body"]
    if case["request"]["path"] == "/fleet/vehicles":
        body["pagination"]["hasNextPage"] = False
    serve_example(service, case)
    value = call_like(client, case["request"])
    assert "left out" not in caplog.text
    if case["request"]["method"] == "POST":
        assert value.retrieval_id == body["data"]["retrievalId"]
        assert value.quota == Quota(value.quota.used_seconds, 900000.0)
    else:
        found = getattr(value, "links", value)
        listed = body["data"] if isinstance(body["data"], list) else body["data"]["media"]
        assert len(found) == len(listed)


@needs_examples
@pytest.mark.parametrize("name", [n for n, c in examples().items() if n.startswith("err_")])
def test_every_reference_error_becomes_its_error_with_the_request_id(name, service, client):
    case = examples()[name]
    serve_example(service, case)
    with pytest.raises(ERRORS[name]) as caught:
        call_like(client, case["request"])
    assert type(caught.value) is ERRORS[name]
    if isinstance(case["response"]["body"], dict):
        assert caught.value.request_id == "8916e1c1"
        assert case["response"]["body"]["message"] in caught.value.message


@needs_examples
@pytest.mark.parametrize("name", [n for n, c in examples().items() if n.startswith("post_")])
def test_a_reference_request_is_made_to_the_letter(name, service, client):
    wanted = examples()[name]["request"]["body"]
    words = {"dashcamRoadFacing": "road", "dashcamDriverFacing": "driver"}
    cameras = [words.get(word, word) for word in (*wanted["inputs"], *wanted.get("cameraRoles", ()))]
    media_type = next(kind for kind, word in payloads._API_TYPES.items() if word == wanted["mediaType"])
    window = TimeWindow(*(datetime.fromisoformat(wanted[f].replace("Z", "+00:00")) for f in ("startTime", "endTime")))
    service.post(RETRIEVAL, json=accepted())
    ask(client, cameras, media_type, window)
    assert json.loads(service.calls[0].request.body) == wanted


# ---------------------------------------------------------------- vehicles


def page(vehicles, cursor="", more=False):
    return {"data": vehicles, "pagination": {"endCursor": cursor, "hasNextPage": more}}


def test_paging_goes_on_over_an_empty_page_and_asks_for_512_at_a_time(service, client):
    service.get(VEHICLES, json=page([{"id": "1", "name": "Truck 1"}], "a", more=True))
    service.get(VEHICLES, json=page([], "b", more=True))
    service.get(VEHICLES, json=page([{"id": "2"}]))
    assert client.vehicles() == [Vehicle("1", "Truck 1"), Vehicle("2")]
    asked = [parse_qs(urlsplit(call.request.url).query) for call in service.calls]
    assert asked == [{"limit": ["512"]}, {"limit": ["512"], "after": ["a"]}, {"limit": ["512"], "after": ["b"]}]


@pytest.mark.parametrize(("cursor", "calls"), [("same", 2), ("", 1), (None, 1)])
def test_a_cursor_that_leads_nowhere_ends_the_paging(cursor, calls, service, client):
    service.get(VEHICLES, json=page([{"id": "1"}], cursor, more=True))
    assert client.vehicles() == [Vehicle("1")]
    assert len(service.calls) == calls


def test_odd_vehicles_are_kept_or_left_out_but_never_a_traceback(service, client, caplog):
    odd = [None, "x", {"name": "no id"}, {"id": 7, "name": None, "licensePlate": 5}, {"id": "8", "cameraSerial": "C"}]
    service.get(VEHICLES, json=page(odd))
    assert client.vehicles() == [Vehicle("7", plate="5"), Vehicle("8", camera_serial="C")]
    assert caplog.text.count("left out") == 3


def test_a_refused_list_of_vehicles_points_at_the_address(service, client):
    service.get(VEHICLES, status=404, body="<html>nothing here</html>")
    with pytest.raises(BadAnswer, match="is the address right"):
        client.vehicles()
    assert len(service.calls) == 1


# ---------------------------------------------------------------- what leaves


def test_roles_take_their_own_spelling_and_a_still_has_one_moment(service, client):
    service.post(RETRIEVAL, json=accepted())
    ask(client, ("Road", "LEFTSIDE", "analog2", "rearbumper"), MediaType.IMAGE)
    body = json.loads(service.calls[0].request.body)
    assert body["inputs"] == ["dashcamRoadFacing", "analog2"]
    assert body["cameraRoles"] == ["leftSide", "rearBumper"]
    assert body["startTime"] == body["endTime"] == "2026-11-18T14:30:00Z"


def test_a_request_of_roles_alone_has_no_inputs(service, client):
    service.post(RETRIEVAL, json=accepted())
    ask(client, ("hopper",))
    assert "inputs" not in json.loads(service.calls[0].request.body)


@given(st.integers(0, 4_000_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_a_time_that_leaves_means_the_same_moment(tenth_ms, minutes):
    moment = (datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=100 * tenth_ms)).astimezone(
        timezone(timedelta(minutes=minutes))
    )
    text = payloads.rfc3339(moment)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", text)
    back = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert timedelta() <= moment - back < timedelta(milliseconds=1)


def test_the_list_is_asked_with_repeated_keys(service, client):
    service.get(UPLOADED, json=one_retrieval() | {"pagination": {"endCursor": "n", "hasNextPage": True}})
    found = client.uploaded(
        ["1"], WINDOW, media_types=[MediaType.IMAGE, MediaType.HIGH], available_after=START, cursor="c"
    )
    assert found.cursor == "n"
    assert parse_qsl(urlsplit(service.calls[0].request.url).query) == [
        ("vehicleIds", "1"),
        ("startTime", "2026-11-18T14:30:00Z"),
        ("endTime", "2026-11-18T14:31:00Z"),
        ("mediaTypes", "image"),
        ("mediaTypes", "videoHighRes"),
        ("availableAfterTime", "2026-11-18T14:30:00Z"),
        ("after", "c"),
    ]


def test_types_that_the_list_cannot_filter_are_filtered_here(service, client):
    listed = [
        media(mediaType=word, status=None, availableAtTime="2026-11-18T15:00:00Z")
        for word in ("image", "videoHighRes", "video", "videoLowRes", "hyperlapse", "hologram")
    ]
    service.get(UPLOADED, json=one_retrieval(*listed))
    assert [link.media_type for link in client.uploaded(["1"], WINDOW, media_types=[MediaType.LOW]).links] == ["low"]
    assert "mediaTypes" not in service.calls[0].request.url
    high = client.uploaded(["1"], WINDOW, media_types=[MediaType.HIGH]).links
    assert [(link.media_type, link.status) for link in high] == [("high", "available")] * 2


def test_a_list_cursor_that_repeats_is_the_last(service, client):
    service.get(UPLOADED, json=one_retrieval() | {"pagination": {"endCursor": "c", "hasNextPage": True}})
    assert client.uploaded(["1"], WINDOW, media_types=[MediaType.HIGH], cursor="c").cursor is None


# ---------------------------------------------------------------- what comes back


def test_a_link_carries_all_that_the_service_tells(service, client):
    service.get(
        RETRIEVAL,
        json=one_retrieval(
            media(
                input="analog1",
                cameraRole="LeftSide",
                startTime="2026-11-18T08:29:59.2-06:00",
                availableAtTime="2026-11-18T15:00:00.123456789Z",
                triggerReason="api",
                urlInfo={"url": "https://x/y?sig=1", "urlExpiryTime": "2026-11-18T23:00:00Z"},
            )
        ),
    )
    (link,) = client.retrieval("r")
    assert (link.camera, link.role, link.status, link.media_type, link.trigger) == (
        "analog1",
        "leftSide",
        "available",
        "high",
        "api",
    )
    assert link.window.start == datetime(2026, 11, 18, 14, 29, 59, 200000, tzinfo=UTC)
    assert (link.url, link.expires) == ("https://x/y?sig=1", datetime(2026, 11, 18, 23, tzinfo=UTC))
    assert link.shows("ANALOG1")
    assert link.shows("leftside")


@pytest.mark.parametrize("word", ["dashcamRoadFacing", "dashcamForwardFacing"])
def test_both_names_of_the_road_camera_are_road(word, service, client):
    service.get(RETRIEVAL, json=one_retrieval(media(input=word)))
    assert client.retrieval("r")[0].camera == "road"


@pytest.mark.parametrize("word", ["dashcamDriverFacing", "dashcamInwardFacing"])
def test_both_names_of_the_driver_camera_are_driver(word, service, client):
    service.get(RETRIEVAL, json=one_retrieval(media(input=word)))
    assert client.retrieval("r")[0].camera == "driver"


def test_words_that_nobody_knows_yet_are_data(service, client):
    service.get(RETRIEVAL, json=one_retrieval(media(input="roof", mediaType="hologram", status="dreaming")))
    (link,) = client.retrieval("r")
    assert (link.camera, link.media_type, link.status) == ("roof", "hologram", "dreaming")


@pytest.mark.parametrize(
    "item",
    [
        None,
        5,
        [],
        {},
        media(status=None),
    ],
)
def test_an_unusable_item_is_left_out_with_a_warning_and_the_rest_is_kept(item, service, client, caplog):
    service.get(RETRIEVAL, json=one_retrieval(item, media()))
    assert len(client.retrieval("r")) == 1
    assert "left out" in caplog.text


@pytest.mark.parametrize(
    "item",
    [
        media(input=None),
        media(startTime=None),
        media(endTime="yesterday"),
        media(startTime=5),
        media(startTime="2026-11-18T14:32:00Z"),
        media(startTime="0001-01-01T00:00:00+14:00"),
    ],
)
def test_media_that_does_not_tell_its_camera_or_times_is_kept_for_who_asked_and_in_no_list(
    item, service, client, caplog
):
    service.get(RETRIEVAL, json=one_retrieval(item, media()))
    odd, good = client.retrieval("r")
    assert (bool(odd.camera) and odd.is_timed, bool(good.camera) and good.is_timed) == (False, True)
    assert "without an input or without its times" in caplog.text
    service.get(UPLOADED, json=one_retrieval(item, media()))
    assert client.uploaded(["1"], good.window, media_types=[MediaType.HIGH]).links == (good,)


def test_an_odd_url_info_is_no_url(service, client):
    service.get(RETRIEVAL, json=one_retrieval(media(urlInfo="x"), media(urlInfo={"url": 0.5, "urlExpiryTime": "?"})))
    assert [(link.url, link.expires) for link in client.retrieval("r")] == [(None, None)] * 2


@pytest.mark.parametrize(
    ("sentence", "quota"),
    [
        ("Current monthly usage is 80000.4 seconds of high-res video out of 900000.0 available.", (80000.4, 900000.0)),
        ("You used 80,000.4 of 900,000 s.", (80000.4, 900000.0)),
        ("usage 1.5e+06 of 2e6", (1.5e6, 2e6)),
        ("900000 seconds available, 80000 used", (80000.0, 900000.0)),
        ("Out of 900000 s available, 80000.4 s are used.", (80000.4, 900000.0)),
        ("Current monthly usage is 900100.5 seconds out of 900000.0 available.", (900100.5, 900000.0)),
        ("The limit is 900000, the usage 80000.", (80000.0, 900000.0)),
        ("820000 s left of 900000", None),
        ("900000, 80000", None),
        ("No limit.", None),
        ("1 of 2 in month 3", None),
        ("", None),
    ],
)
def test_the_quota_sentence_is_read_leniently(sentence, quota):
    assert payloads.quota(sentence) == (quota and Quota(*quota))


# ---------------------------------------------------------------- errors of reads


@pytest.mark.parametrize("failure", [500, 502, 503, 504, 408, 429])
def test_a_read_that_fails_in_passing_is_repeated(failure, service, client):
    service.get(RETRIEVAL, status=failure, body="<html>")
    service.get(RETRIEVAL, json=one_retrieval())
    assert client.retrieval("r") == []
    assert len(service.calls) == 2


@pytest.mark.parametrize(
    "body",
    ["<html></html>", "", "[]", "null", "{}", '{"data": []}', '{"data": {"media": {}}}', '{"data": {"med', "[" * 99999],
    ids=range(9),
)
def test_an_answer_that_cannot_be_understood_is_asked_for_again_and_then_said(body, service, client):
    service.get(RETRIEVAL, body=body)
    with pytest.raises(BadAnswer):
        client.retrieval("r")
    assert len(service.calls) == 8


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout("slow"),
        requests.ConnectTimeout("slow"),
        requests.ConnectionError("reset"),
        requests.exceptions.ChunkedEncodingError("cut"),
    ],
)
def test_a_read_survives_a_bad_line(error, service, client):
    service.get(RETRIEVAL, body=error)
    service.get(RETRIEVAL, json=one_retrieval())
    assert client.retrieval("r") == []


def test_the_waits_of_a_read_grow_and_end_within_the_patience(service, clock, client):
    service.get(RETRIEVAL, status=500, json={"message": "Internal server error.", "requestId": "q1"})
    with pytest.raises(ServiceUnreachable, match="Internal server error") as caught:
        client.retrieval("r")
    assert caught.value.request_id == "q1"
    assert len(service.calls) == 8
    waits = [seconds for seconds in clock.slept if seconds > 0.27]
    assert waits[-1] > 4 * waits[0]
    assert clock.now - 1000 < 120


def test_a_read_gives_up_at_once_where_the_service_asks_for_more_patience_than_there_is(service, clock, client):
    service.get(RETRIEVAL, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(ServiceUnreachable, match="429"):
        client.retrieval("r")
    assert len(service.calls) == 1
    assert clock.now - 1000 < 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RequestRefused),
        (401, KeyRejected),
        (403, PermissionMissing),
        (404, RequestRefused),
        (301, BadAnswer),
        (308, BadAnswer),
    ],
)
def test_a_final_answer_to_a_read_is_not_asked_for_again(status, error, service, client):
    service.get(RETRIEVAL, status=status, headers={"Location": "https://elsewhere.example/"})
    with pytest.raises(error):
        client.retrieval("r")
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("Token does not have the required permission: Write Media Retrieval.", "Write Media Retrieval"),
        ("You need Read Safety Events & Scores for this", "Read Safety Events & Scores"),
        ("Forbidden", "Read Media Retrieval"),
        (None, "Read Media Retrieval"),
    ],
)
def test_a_missing_permission_is_named(message, named, service, client):
    service.get(RETRIEVAL, status=403, json={"message": message})
    with pytest.raises(PermissionMissing, match=f'"{named}"'):
        client.retrieval("r")


def test_each_call_names_its_own_permission(service, client):
    service.get(VEHICLES, status=403)
    service.post(RETRIEVAL, status=403)
    with pytest.raises(PermissionMissing, match="Read Vehicles"):
        client.vehicles()
    with pytest.raises(PermissionMissing, match="Write Media Retrieval"):
        ask(client)


# ---------------------------------------------------------------- the request that spends


@pytest.mark.parametrize("failure", [500, 502, 503, 504, 408])
def test_a_server_error_leaves_the_fate_of_a_request_unknown_and_it_is_not_repeated(failure, service, client):
    service.post(RETRIEVAL, status=failure, json={"message": "oops", "requestId": "q2"})
    with pytest.raises(FateUnknown, match="oops") as caught:
        ask(client)
    assert caught.value.request_id == "q2"
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    "body", ["<html></html>", "", "{}", '{"data": {}}', '{"data": {"retrievalId": ""}}', '{"data": {"ret']
)
def test_an_unreadable_acceptance_leaves_the_fate_unknown(body, service, client):
    service.post(RETRIEVAL, body=body)
    with pytest.raises(FateUnknown):
        ask(client)
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout("slow"),
        requests.ConnectionError("reset by peer"),
        requests.exceptions.ChunkedEncodingError("cut"),
        requests.exceptions.SSLError("decryption failed or bad record mac"),
    ],
)
def test_a_lost_answer_leaves_the_fate_unknown(error, service, client):
    service.post(RETRIEVAL, body=error)
    with pytest.raises(FateUnknown):
        ask(client)
    assert len(service.calls) == 1


def test_a_rate_limited_request_waits_just_as_long_as_told(service, clock, client):
    service.post(RETRIEVAL, status=429, json={"message": "Rate limit exceeded."}, headers={"Retry-After": "0.40235"})
    service.post(RETRIEVAL, json=accepted("r-9"))
    assert ask(client).retrieval_id == "r-9"
    assert clock.slept == [0.40235]


def test_without_being_told_a_rate_limited_request_backs_off_and_grows(service, clock, client):
    for _ in range(5):
        service.post(RETRIEVAL, status=429, json={"message": "Too many requests."})
    service.post(RETRIEVAL, json=accepted())
    ask(client)
    assert len(clock.slept) == 5
    assert clock.slept[-1] > 3 * clock.slept[0]


def test_a_request_that_stays_rate_limited_was_not_accepted(service, client):
    service.post(RETRIEVAL, status=429, headers={"Retry-After": "1"})
    with pytest.raises(ServiceUnreachable, match="429"):
        ask(client)
    assert len(service.calls) == 8


@pytest.mark.parametrize(
    ("status", "headers", "message", "error"),
    [
        (429, {}, "Monthly media retrieval quota exceeded.", QuotaReached),
        (429, {"Retry-After": "86400"}, "Monthly quota exceeded.", QuotaReached),
        (429, {}, "Usage limit reached.", QuotaReached),
        (403, {}, "Organization has exceeded its media quota.", QuotaReached),
        (400, {}, "Insufficient quota for this retrieval.", QuotaReached),
        (402, {}, "Usage limit exceeded", QuotaReached),
        (429, {}, "Out of quota", QuotaReached),
        (429, {}, "No quota available", QuotaReached),
        (429, {"Retry-After": "3600"}, "Usage limit reached", QuotaReached),
        (403, {}, "Out of quota", QuotaReached),
        (400, {}, "Over quota", QuotaReached),
        (402, {}, "Quota depleted", QuotaReached),
        (429, {"Retry-After": "0.40235"}, "Request quota exceeded.", ServiceUnreachable),
        (429, {"Retry-After": "1"}, "Rate limit exceeded.", ServiceUnreachable),
        (429, {}, "Rate limit exceeded.", ServiceUnreachable),
        (429, {"Retry-After": "1"}, "Usage limit of 100 requests per minute exceeded.", ServiceUnreachable),
        (429, {}, "Quota of 100 requests per minute exceeded.", ServiceUnreachable),
        (400, {}, "Invalid duration for mediaType videoHighRes.", RequestRefused),
        (400, {}, "Camera was Not Recording At 03:00.", NotRecording),
        (404, {}, "Vehicle not found.", RequestRefused),
        (405, {}, "", RequestRefused),
        (413, {}, "Too large.", RequestRefused),
        (422, {}, "startTime is after endTime", RequestRefused),
    ],
)
def test_a_refused_request_says_why(status, headers, message, error, service, client):
    service.post(RETRIEVAL, status=status, headers=headers, json={"message": message, "requestId": "q3"})
    with pytest.raises(error) as caught:
        ask(client)
    assert message in caught.value.message
    assert type(caught.value) is error
    assert caught.value.request_id == "q3"


def test_words_of_quota_on_a_read_are_no_reason_to_end_the_run(service, client):
    service.get(RETRIEVAL, status=429, json={"message": "Usage limit exceeded."})
    service.get(RETRIEVAL, json=one_retrieval())
    assert client.retrieval("r") == []


# ---------------------------------------------------------------- real connections


@pytest.fixture
def loopback():
    """Starts servers on this computer; `answer(handler)` writes what one request gets."""
    servers = []

    def start(answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.server.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                answer(self)

            do_GET = do_POST = handle_any  # noqa: N815

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.seen = []
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def reply(handler, status=200, body=b"{}", **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_a_refused_connection_never_left_so_it_is_tried_again(loopback, clock):
    url = closed_address(loopback)
    client = make_client(clock, base_url=url, attempts=3)
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        ask(client)
    assert len(clock.slept) == 2


def closed_address(loopback):
    server = loopback(reply)
    server.shutdown()
    server.server_close()
    return server.url


def test_a_name_that_cannot_be_resolved_never_left(clock):
    client = make_client(clock, base_url="https://no-such-host.invalid", attempts=2)
    client._session.trust_env = False
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        ask(client)
    assert len(clock.slept) == 1


def test_a_failed_handshake_never_left(loopback, clock):
    server = loopback(reply)
    client = make_client(clock, base_url=server.url.replace("http:", "https:"), attempts=2)
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        ask(client)
    assert server.seen == []


def test_a_connection_cut_after_the_request_leaves_the_fate_unknown(loopback, clock):
    def cut(handler):
        handler.close_connection = True
        handler.connection.close()

    server = loopback(cut)
    with pytest.raises(FateUnknown):
        ask(make_client(clock, base_url=server.url))
    assert len(server.seen) == 1


def test_an_answer_cut_in_the_middle_leaves_the_fate_unknown(loopback, clock):
    def half(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "500")
        handler.end_headers()
        handler.wfile.write(b'{"data": ')
        handler.close_connection = True

    server = loopback(half)
    with pytest.raises(FateUnknown):
        ask(make_client(clock, base_url=server.url))
    assert len(server.seen) == 1


def test_a_slow_answer_leaves_the_fate_unknown(loopback, clock):
    released = threading.Event()
    server = loopback(lambda handler: released.wait(10))
    try:
        with pytest.raises(FateUnknown, match="did not answer in time"):
            ask(make_client(clock, base_url=server.url, timeout=(5, 0.2)))
    finally:
        released.set()
    assert len(server.seen) == 1


class Ticking(Time):
    """A clock that goes on by a second whenever it is looked at."""

    def __call__(self):
        self.now += 1
        return self.now


def dripping(body, on_byte=lambda handler: None):
    """An answer that comes byte by byte, and comes whole in the end."""

    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for number in range(len(body)):
            try:
                handler.wfile.write(body[number : number + 1])
            except OSError:
                handler.close_connection = True
                return
            on_byte(handler)
            time.sleep(0.005)

    return drip


SLOW_LIST = json.dumps(one_retrieval()).encode().ljust(400)
SLOW_TICKET = json.dumps(accepted()).encode().ljust(400)


def test_an_answer_that_drips_is_given_up_though_each_byte_comes_in_time(loopback):
    server = loopback(dripping(SLOW_LIST))
    client = make_client(Ticking(), base_url=server.url, attempts=2)
    with pytest.raises(ServiceUnreachable, match="not whole after 60 seconds"):
        client.retrieval("r")
    assert len(server.seen) == 2


def test_a_request_whose_answer_drips_has_an_unknown_fate(loopback):
    server = loopback(dripping(SLOW_TICKET))
    with pytest.raises(FateUnknown, match="not whole"):
        ask(make_client(Ticking(), base_url=server.url))
    assert len(server.seen) == 1


def test_a_stop_is_felt_amid_an_answer_and_leaves_the_fate_of_a_request_unknown(loopback, clock):
    stop = threading.Event()
    server = loopback(dripping(SLOW_LIST, on_byte=lambda handler: stop.set()))
    with pytest.raises(Interrupted):
        make_client(clock, base_url=server.url, stop=stop, attempts=1).retrieval("r")
    stop.clear()
    with pytest.raises(FateUnknown):
        ask(make_client(clock, base_url=server.url, stop=stop))
    assert len(server.seen) == 2


def test_an_answer_without_end_is_not_kept_in_memory(service, client):
    service.get(RETRIEVAL, body=b" " * (MOST_BYTES + 1))
    with pytest.raises(BadAnswer, match="32 MB"):
        client.retrieval("r", patient=False)


def test_all_calls_share_one_connection(loopback, clock):
    ports = []

    def answer(handler):
        ports.append(handler.client_address[1])
        reply(handler, body=json.dumps(one_retrieval()).encode())

    client = make_client(clock, base_url=loopback(answer).url)
    for _ in range(3):
        client.retrieval("r")
    assert len(set(ports)) == 1


def test_a_redirect_to_another_host_is_not_followed_and_carries_no_key(loopback, clock):
    elsewhere = loopback(reply)
    server = loopback(lambda handler: reply(handler, 307, Location=elsewhere.url.replace("127.0.0.1", "localhost")))
    client = make_client(clock, base_url=server.url)
    for call in (client.vehicles, lambda: ask(client)):
        with pytest.raises(BadAnswer, match="redirects"):
            call()
    assert elsewhere.seen == []
    assert len(server.seen) == 2


def test_a_fractional_retry_after_is_honoured_over_real_http(loopback, clock):
    def limited(handler):
        if len(handler.server.seen) == 1:
            reply(handler, 429, b'{"message": "Rate limit exceeded."}', Retry_After="0.40235")
        else:
            reply(handler, body=json.dumps(accepted()).encode())

    server = loopback(limited)
    assert ask(make_client(clock, base_url=server.url)).retrieval_id == "r-1"
    assert clock.slept == [0.40235]


def test_a_request_carries_the_key_and_our_name_and_no_netrc(loopback, clock, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = loopback(lambda handler: reply(handler, body=json.dumps(accepted()).encode()))
    ask(make_client(clock, base_url=server.url, session=requests.Session()))
    headers = server.seen[0][2]
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["User-Agent"].startswith("incident-footage/")


def test_a_proxy_is_not_asked_for_this_computer(loopback, clock, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = loopback(lambda handler: reply(handler, body=json.dumps(one_retrieval()).encode()))
    assert make_client(clock, base_url=server.url).retrieval("r") == []


# ---------------------------------------------------------------- trust


@pytest.mark.parametrize(
    "url",
    [
        "http://api.samsara.com",
        "ftp://api.samsara.com",
        "api.samsara.com",
        "",
        "https://",
        "http://localhost.evil.example",
        "http://127.0.0.1@evil.example",
        "http://evil.example\\@127.0.0.1",
        "http://127.0.0.1 .evil.example",
        "https://user:pw@api.samsara.com",
        "http://10.0.0.1",
    ],
)
def test_an_address_that_could_leak_the_key_is_refused(url):
    with pytest.raises(InsecureAddress):
        SamsaraClient(KEY, base_url=url)


@pytest.mark.parametrize(
    "url", ["https://api.eu.samsara.com/", "http://localhost:1", "http://127.9.9.9:1", "http://[::1]:1"]
)
def test_https_and_this_computer_are_accepted(url):
    SamsaraClient(KEY, base_url=url)


@pytest.mark.parametrize(
    "key", ["", "  ", "se cret", "\x16", "secret\nHost: x", "säcret", "\x00secret", "secret\u200b1"]
)
def test_a_key_that_cannot_be_one_is_refused_in_one_sentence_without_repeating_it(key):
    with pytest.raises(InputRefused) as caught:
        SamsaraClient(key)
    assert "\n" not in caught.value.message
    assert "cret" not in caught.value.message


def test_blanks_around_a_key_are_forgiven(service):
    service.get(VEHICLES, json=page([]))
    SamsaraClient(f" {KEY}\r\n").vehicles()
    assert service.calls[0].request.headers["Authorization"] == f"Bearer {KEY}"


def test_the_key_and_signed_links_appear_in_no_log_error_or_repr(service, client, caplog):
    caplog.set_level(logging.DEBUG)
    service.get(RETRIEVAL, json=one_retrieval(media(urlInfo={"url": "https://x/y?X-Amz-Signature=SECRET"}), {}))
    service.post(RETRIEVAL, status=401, json={"message": f"Invalid token\n {KEY}."})
    client.retrieval("r")
    with pytest.raises(KeyRejected) as caught:
        ask(client)
    said = caplog.text + repr(caught.value) + repr(client) + repr(vars(client))
    assert "GET /cameras/media/retrieval 200" in caplog.text
    assert KEY not in said
    assert "SECRET" not in said


# ---------------------------------------------------------------- pace, patience and being stopped


def paced_calls(calls, period, gaps):
    clock = Time()
    pacer = Pacer(calls, period, Pause(sleep=clock.sleep), clock)
    times = []
    for gap in gaps:
        clock.now += gap
        pacer()
        times.append(clock.now)
    return times


def busiest(times, seconds):
    return max(sum(1 for other in times if moment <= other <= moment + seconds) for moment in times)


@given(st.lists(st.floats(0, 30) | st.just(0.0), min_size=1, max_size=250))
def test_no_minute_sees_more_than_100_posts(gaps):
    assert busiest(paced_calls(10, 6.7, gaps), 60) <= 100


@given(st.lists(st.floats(0, 1.5) | st.just(0.0), min_size=1, max_size=60))
def test_no_second_sees_more_than_5_reads(gaps):
    assert busiest(paced_calls(1, 0.26, gaps), 1) <= 5


def test_the_client_keeps_both_paces(service, clock, client):
    sent = []
    service.add_callback("POST", RETRIEVAL, lambda _: sent.append(clock.now) or (200, {}, json.dumps(accepted())))
    service.add_callback("GET", RETRIEVAL, lambda _: read.append(clock.now) or (200, {}, json.dumps(one_retrieval())))
    read = []
    for _ in range(130):
        ask(client)
    assert 90 <= busiest(sent, 60) <= 100
    for _ in range(20):
        client.retrieval("r")
    assert busiest(read, 1) <= 5


def test_uploaded_and_retrieval_share_one_pace(service, clock, client):
    read = []
    service.add_callback("GET", RETRIEVAL, lambda _: read.append(clock.now) or (200, {}, json.dumps(one_retrieval())))
    service.add_callback("GET", UPLOADED, lambda _: read.append(clock.now) or (200, {}, json.dumps(one_retrieval())))
    for _ in range(10):
        client.retrieval("r")
        client.uploaded(["1"], WINDOW, media_types=[MediaType.HIGH])
    assert busiest(read, 1) <= 5


def test_no_second_sees_more_than_5_calls_of_whatever_kind(service, clock, client):
    called = []
    answers = {"POST": (RETRIEVAL, accepted()), "GET": (RETRIEVAL, one_retrieval())}
    for method, (path, body) in answers.items():
        service.add_callback(method, path, lambda _, body=body: called.append(clock.now) or (200, {}, json.dumps(body)))
    for _ in range(12):
        ask(client)
        client.retrieval("r")
    assert len(called) == 24
    assert busiest(called, 1) <= 5


@pytest.mark.parametrize("data", [{"media": None}, {}, {"media": []}], ids=str)
def test_no_media_yet_is_no_media_however_it_is_told(service, client, data):
    service.get(RETRIEVAL, json={"data": data})
    assert client.retrieval("r") == []


def test_who_looks_again_anyway_is_not_kept_long_by_a_call_that_fails(service, clock, client):
    service.get(RETRIEVAL, status=503)
    with pytest.raises(ServiceUnreachable):
        client.retrieval("r", patient=False)
    assert sum(clock.slept) < 5


def test_threads_share_the_pace():
    began = time.monotonic()
    pacer = Pacer(2, 0.1, Pause())
    threads = [threading.Thread(target=pacer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= 0.3  # eight calls touch four windows; were the pace not shared, one would do


@pytest.mark.timeout(60)
def test_a_stopped_run_leaves_every_wait_at_once(service):
    stop = threading.Event()
    client = SamsaraClient(KEY, stop=stop)
    service.get(RETRIEVAL, status=429, headers={"Retry-After": "100"})
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Interrupted):
        client.retrieval("r")
    with pytest.raises(Interrupted):
        client.vehicles()
    with pytest.raises(Interrupted):
        ask(client)
    assert len(service.calls) == 1


@given(st.integers(0, 2000), st.floats(0, 1))
def test_a_growing_wait_grows_and_has_a_ceiling(failures, chance):
    assert 0 < growing_wait(failures, lambda: chance) <= 30
    assert growing_wait(failures + 1, lambda: chance) >= growing_wait(failures, lambda: chance)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0.40235", 0.40235),
        (" 2 ", 2),
        ("0", 0),
        (None, None),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
    ],
)
def test_retry_after_is_read_with_its_decimals(header, seconds):
    assert seconds_of({} if header is None else {"Retry-After": header}) == seconds


def test_a_retry_after_that_is_a_date_is_counted_by_the_clock_that_told_it():
    told = {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:30 GMT"}
    assert seconds_of(told) == 7
    assert seconds_of({**told, "Date": "Sun, 06 Nov 1994 09:00:00 GMT"}) == 0
    assert seconds_of({"Retry-After": told["Retry-After"], "Date": "today"}) == 0
    coming = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    assert seconds_of({"Retry-After": coming}) > 0


def test_a_date_in_retry_after_is_waited_for(service, clock, client):
    told = {"Retry-After": "Sun, 06 Nov 1994 08:49:39 GMT", "Date": "Sun, 06 Nov 1994 08:49:30 GMT"}
    service.post(RETRIEVAL, status=429, headers=told)
    service.post(RETRIEVAL, json=accepted())
    assert ask(client).retrieval_id == "r-1"
    assert clock.slept == [9]


def test_ctrl_c_while_a_request_waits_for_its_turn_says_that_it_was_not_sent(service):
    def press_ctrl_c(seconds):
        raise KeyboardInterrupt

    service.post(RETRIEVAL, json=accepted())
    client = SamsaraClient(KEY, sleep=press_ctrl_c)
    ask(client)
    with pytest.raises(Interrupted):
        ask(client)
    assert len(service.calls) == 1
