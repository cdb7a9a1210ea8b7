"""Kinesis Video through boto3, which only this module knows: streams, their fragments, clips streamed to disk."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

from footage.addresses import is_loopback, refuse_insecure, told_unusable
from footage.cameras import stream_region
from footage.errors import BadAnswer, InputRefused
from footage.files import disk_trouble
from footage.incoming import Tempo
from footage.kinesis.endpoints import DataApi, DataEndpoints
from footage.kinesis.errors import Call, EndpointLost, explain, explain_failure, may_be_misplaced, with_few_endpoints
from footage.kinesis.fragments import Fragment, Selector
from footage.kinesis.plan import Chunk
from footage.kinesis.survey import StreamFacts
from footage.models import UTC, TimeWindow
from footage.pacing import Pacer, Passing, Pause, Retry

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from mypy_boto3_kinesis_video_archived_media import KinesisVideoArchivedMediaClient
    from mypy_boto3_kinesis_video_archived_media.type_defs import (
        ClipFragmentSelectorTypeDef,
        FragmentSelectorTypeDef,
        FragmentTypeDef,
        ListFragmentsOutputTypeDef,
    )
    from mypy_boto3_kinesisvideo import KinesisVideoClient

T = TypeVar("T")
Page = TypeVar("Page", bound=Mapping[str, Any])

OVERRIDE = "KINESIS_DATA_ENDPOINT"
TAIL = timedelta(seconds=2)
_PIECE = 1 << 14  # a read waits for all of it, however slowly it comes
_PAGE = 1000
_PAGES_A_SECOND = 5  # a page costs 1,000 of the stream's 10,000 metadata points a second
_SELECTORS: dict[Selector, Literal["PRODUCER_TIMESTAMP", "SERVER_TIMESTAMP"]] = {
    "producer": "PRODUCER_TIMESTAMP",
    "server": "SERVER_TIMESTAMP",
}


class KinesisClient:
    """The calls. Several threads may use one; nothing is loaded or connected before the first call.

    Region: that of a stream's ARN, else `region`, else boto3's own (AWS_DEFAULT_REGION, profile), else AWS_REGION.
    Every call but `get_clip` repeats itself where that may help; `get_clip` raises Passing, so that its caller can.
    All raise InputRefused, AwsCredentials, AwsPermission, ClipRefused and ServiceUnreachable.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        environ: Mapping[str, str] = os.environ,
        session: Session | None = None,
        pause: Pause | None = None,
        retries: int = 8,
        patience: float = 300.0,
        read_timeout: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._profile = profile
        self._region = region
        self._environ = environ
        self._session = session
        self._pause = pause or Pause()
        self._retry = Retry(self._pause, attempts=retries, patience=patience)
        self._page = Pacer(_PAGES_A_SECOND, 1.0, self._pause)
        self._read_timeout = read_timeout
        self._clock = clock
        self._lock = threading.RLock()
        self._controls: dict[str, KinesisVideoClient] = {}
        self._data = DataEndpoints(self._connect, self._misplaced)

    def streams(self) -> list[str]:
        """Names of the account's streams in this region."""
        call = self._call("ListStreams")
        pages = self._pages(call, lambda more: self._control(call).list_streams(**more))
        return [each["StreamName"] for page in pages for each in page["StreamInfoList"] if "StreamName" in each]

    def describe(self, stream: str) -> StreamFacts:
        """Facts of a stream, by name or ARN."""
        call = self._call("DescribeStream", stream)
        answer = self._again(call, lambda: self._control(call).describe_stream(**_named(stream)))
        info = answer.get("StreamInfo", {})
        if "CreationTime" not in info or "DataRetentionInHours" not in info:
            raise BadAnswer(f"Kinesis Video told nothing of the age of stream {stream}.")
        return StreamFacts(
            name=info.get("StreamName", stream),
            arn=info.get("StreamARN", stream),
            created=info["CreationTime"].astimezone(UTC),
            retention_hours=info["DataRetentionInHours"],
        )

    def locate(self, stream: str) -> None:
        """Ask where the clips of a stream are had, once."""
        self._again(call := self._call("GetClip", stream), lambda: self._data.at_hand(call, "GET_CLIP"))

    def fragments(self, stream: str, window: TimeWindow, selector: Selector) -> list[Fragment]:
        """All fragments that start in the window or within two seconds after it, in no order."""
        call = self._call("ListFragments", stream)
        end = window.end + TAIL
        if selector == "server":
            end = min(end, max(datetime.now(UTC), window.end))
        asked: FragmentSelectorTypeDef = {
            "FragmentSelectorType": _SELECTORS[selector],
            "TimestampRange": {"StartTimestamp": window.start, "EndTimestamp": end},
        }
        pages = self._pages(call, lambda more: self._list_page(call, asked, more))
        return [_fragment(each) for page in pages for each in page.get("Fragments", ())]

    def get_clip(
        self,
        stream: str,
        chunk: Chunk,
        selector: Selector,
        target: Path,
        *,
        received: Callable[[int], None] = lambda count: None,
    ) -> None:
        """Stream one clip into the file `target`, which is overwritten.

        Raises Passing where the call, or its answer on the way, failed in a way that another try may cure, and
        Interrupted between two pieces of the answer.
        """
        call = self._call("GetClip", stream)
        asked: ClipFragmentSelectorTypeDef = {
            "FragmentSelectorType": _SELECTORS[selector],
            "TimestampRange": {"StartTimestamp": chunk.start, "EndTimestamp": chunk.end},
        }
        with self._translated(call):
            answer = self._data.ask(
                call, "GET_CLIP", lambda archive: archive.get_clip(**_named(stream), ClipFragmentSelector=asked)
            )
            tempo = Tempo(self._clock)
            with disk_trouble(target), target.open("wb") as file, closing(answer["Payload"]) as body:
                for piece in body.iter_chunks(_PIECE):
                    self._pause.check()
                    file.write(piece)
                    received(len(piece))
                    if tempo.is_too_slow(len(piece)):
                        raise call.unanswered("hardly anything comes.")
                os.fsync(file.fileno())

    def _list_page(
        self, call: Call, asked: FragmentSelectorTypeDef, more: dict[str, Any]
    ) -> ListFragmentsOutputTypeDef:
        self._page()
        which = {**_named(call.stream), **more, "MaxResults": _PAGE}
        return self._data.ask(
            call, "LIST_FRAGMENTS", lambda archive: archive.list_fragments(**which, FragmentSelector=asked)
        )

    def _pages(self, call: Call, ask: Callable[[dict[str, Any]], Page]) -> Iterator[Page]:
        """All pages of a list; `ask` is given what names the next page."""
        more: dict[str, Any] = {}
        while True:
            page = self._again(call, partial(ask, more))
            yield page
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    def _again(self, call: Call, ask: Callable[[], T]) -> T:
        def once() -> T:
            with self._translated(call):
                return ask()

        return self._retry(with_few_endpoints(once))

    def _call(self, action: str, stream: str = "") -> Call:
        known = Call(action, stream, profile=self._profile or self._environ.get("AWS_PROFILE"))
        with self._translated(known):
            own = self._boto_session().region_name
        region = stream_region(stream) or self._region or own or self._environ.get("AWS_REGION")
        if not region:
            raise InputRefused("No AWS region is known. Give --region, or set AWS_REGION or AWS_DEFAULT_REGION.")
        return Call(action, stream, region, known.profile)

    def _boto_session(self) -> Session:
        with self._lock:
            if self._session is None:
                import boto3

                self._session = boto3.Session(profile_name=self._profile)
            return self._session

    def _control(self, call: Call) -> KinesisVideoClient:
        variable = "AWS_ENDPOINT_URL_KINESIS_VIDEO"
        with self._lock, told_unusable(f"{variable} or --region"):
            if call.region not in self._controls:
                self._controls[call.region] = self._client("kinesisvideo", call, self._config(30), variable)
            return self._controls[call.region]

    def _connect(self, call: Call, api: DataApi) -> KinesisVideoArchivedMediaClient:
        """A client for one API's data endpoint of a stream, which has to be asked for."""
        address = self._environ.get(OVERRIDE) or self._data_endpoint(call, api)
        what = f"The data endpoint ({OVERRIDE}, or what Kinesis Video named)"
        refuse_insecure(address, what)
        found: KinesisVideoArchivedMediaClient
        found = self._client("kinesis-video-archived-media", call, self._config(self._read_timeout), what, address)
        return found

    def _client(self, service: Any, call: Call, config: Config, what: str, address: str | None = None) -> Any:
        """A client whose address is secure; no proxy has any business between this computer and itself."""
        make = partial(self._boto_session().client, service, region_name=call.region, endpoint_url=address)
        client = make(config=config)
        refuse_insecure(client.meta.endpoint_url, what)
        at_home = is_loopback(urlsplit(client.meta.endpoint_url).hostname or "")
        return make(config=config.merge(type(config)(proxies={}))) if at_home else client

    def _data_endpoint(self, call: Call, api: DataApi) -> str:
        asking = Call("GetDataEndpoint", call.stream, call.region, call.profile)
        with self._translated(asking):
            answer = self._control(call).get_data_endpoint(**_named(call.stream), APIName=api)
        if not answer.get("DataEndpoint"):
            raise Passing(BadAnswer(f"Kinesis Video named no data endpoint for stream {call.stream}."))
        return answer["DataEndpoint"]

    def _config(self, read_timeout: float) -> Config:
        """Few tries inside botocore, which cannot be stopped and leaves out what matters; the rest is done here."""
        from botocore.config import Config

        return Config(
            connect_timeout=10,
            read_timeout=read_timeout,
            max_pool_connections=16,
            retries={"mode": "standard", "total_max_attempts": 2},
        )

    @contextmanager
    def _translated(self, call: Call) -> Iterator[None]:
        """Turns boto's errors into the program's; a data endpoint that may be the wrong one is forgotten."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            explained = explain(call.within(error.operation_name), *_told(error))
            if isinstance(explained, EndpointLost):
                self._forget(call)
                explained = explained.end if self._environ.get(OVERRIDE) else explained
            raise explained from error
        except BotoCoreError as error:
            explained = explain_failure(call, {kind.__name__ for kind in type(error).__mro__}, str(error))
            if isinstance(explained, Passing):
                self._forget(call)
            raise explained from error

    def _forget(self, call: Call) -> None:
        self._data.forget(call.stream, "GET_CLIP" if call.action == "GetClip" else "LIST_FRAGMENTS")

    def _misplaced(self, error: Exception) -> bool:
        from botocore.exceptions import ClientError

        if self._environ.get(OVERRIDE):  # there is no other one to be asked
            return False
        return isinstance(error, ClientError) and may_be_misplaced(*_told(error))


def _told(error: ClientError) -> tuple[str, int, str]:
    """What an error answer says: code, HTTP status, message."""
    told, facts = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    status = int(facts.get("HTTPStatusCode", 0))
    return str(told.get("Code", status)), status, str(told.get("Message", ""))


def _named(stream: str) -> dict[str, Any]:
    return {"StreamARN" if stream.startswith("arn:") else "StreamName": stream}


def _fragment(told: FragmentTypeDef) -> Fragment:
    """A fragment with its times in UTC and whole milliseconds, which is as fine as the service tells them."""
    return Fragment(
        number=int(told.get("FragmentNumber", "0")),
        producer=_to_milliseconds(told["ProducerTimestamp"]),
        server=_to_milliseconds(told["ServerTimestamp"]),
        size=told.get("FragmentSizeInBytes", 0),
        seconds=told.get("FragmentLengthInMilliseconds", 0) / 1000,
    )


def _to_milliseconds(moment: datetime) -> datetime:
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=0) + timedelta(milliseconds=round(utc.microsecond / 1000))
