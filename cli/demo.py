"""The demo: a short incident against a stand-in on this computer, small enough to be quick."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from cli.desk import Desk
from cli.order import PullOptions
from footage.settings import FilmSettings, RunSettings
from kinesis_clip import OVERRIDE
from SamsaraAPI import SamsaraClient

DEMO_FILMS = FilmSettings(tile_height=360)
_LOOPBACK = "127.0.0.1,localhost"
_VEHICLE, _MINUTES, _AGO = "Truck 104", 1.5, timedelta(hours=1)


def play_samsara(desk: Desk, settings: RunSettings, now: datetime, *, with_gaps: bool = False) -> int:
    """Pull from the stand-in for Samsara, an hour before `now`; the exit code (3 with gaps, as in earnest)."""
    from demo.faults import Script, with_holes
    from demo.samsara_service import SamsaraService

    script = with_holes(_start(now)) if with_gaps else Script()
    if with_gaps:
        settings = replace(settings, films=replace(settings.films, overlay="speed"))
    _stay_here()
    with SamsaraService(script=script) as service:
        desk.services.samsara_client = SamsaraClient(service.key, base_url=service.url)
        return desk.pull(_options(settings, now, vehicle=_VEHICLE))


def play_kinesis(desk: Desk, settings: RunSettings, now: datetime) -> int:
    """Pull from the stand-in for Kinesis Video, an hour before `now`; the exit code."""
    from demo.kinesis_footage import demo_streams
    from demo.kinesis_service import KinesisService
    from demo.kinesis_streams import Studio

    with tempfile.TemporaryDirectory(prefix="demo-", ignore_cleanup_errors=True) as folder:
        studio = Studio(Path(folder))
        streams = demo_streams(studio, _start(now), _MINUTES, height=360, hole=0.0)
        with KinesisService(streams, studio=studio) as service:
            _stay_here()
            _lead_aws_to(service.url, streams[0].region)
            pairs = [f"{stream.name.split('-')[-1]}={stream.name}" for stream in streams]
            return desk.pull(_options(settings, now, streams=pairs))


def _stay_here() -> None:
    """Let no proxy stand between this computer and itself; where both spellings are there, the small one counts."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), _LOOPBACK)))


def _lead_aws_to(url: str, region: str) -> None:
    """Let boto3 talk to the stand-in, whatever this computer's variables and files say of AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name == OVERRIDE]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL_KINESIS_VIDEO": url,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": region,
    }


def _options(
    settings: RunSettings, now: datetime, *, vehicle: str | None = None, streams: Sequence[str] = ()
) -> PullOptions:
    return PullOptions(vehicle, streams, start=_start(now).isoformat(), duration=str(_MINUTES), settings=settings)


def _start(now: datetime) -> datetime:
    return (now - _AGO).replace(second=0, microsecond=0)
