"""The log file of a run, and that no secret ever reaches it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import monotonic

from footage.files import disk_trouble, make_folder
from footage.wording import in_lines

PREFIX = "VideoRetrievalActivity_"
_SECRETS: set[str] = set()
_FELT_SECONDS = 2.0
_SAY_AGAIN_SECONDS = 30.0
_SIGNED = re.compile(r"(\?)[^\s'\"<>)]+")
_AWS = re.compile(r"(?i)(x-amz-security-token\W+(?:b')?|signature=)[\w+/=-]+")  # as botocore tells its own headers
_BEARER = re.compile(r"(?i)(bearer\s+|samsara_api_)[\w.~+/=-]+")
_QUIET = (
    *("botocore", "aiobotocore", "s3transfer", "s3fs", "fsspec", "urllib3", "asyncio"),
    *("PIL", "filelock", "moviepy", "imageio_ffmpeg"),
)


def keep_secret(text: str) -> None:
    """Mask this text wherever it would come up in the log."""
    if text:
        _SECRETS.add(text)


def masked(text: str) -> str:
    """The text without known keys, bearer tokens and the queries of addresses, which carry signatures."""
    for secret in _SECRETS:
        text = text.replace(secret, "***")
    for pattern in (_SIGNED, _AWS, _BEARER):
        text = pattern.sub(r"\1***", text)
    return text


class MaskingFormatter(logging.Formatter):
    """Masks the finished line, so that arguments, tracebacks and other packages' messages are covered too."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it goes to disk; who shows the file in a terminal is not to be steered by it."""
        return in_lines(masked(super().format(record)))


class LongWaits(logging.Handler):
    """Tells the person, whom the log does not reach, that a service does not answer: at once, and then now and then."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._say = say
        self._clock = clock
        self._said_at: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Say it where the wait can be felt."""
        now = self._clock()
        is_new = self._said_at is None or now - self._said_at >= _SAY_AGAIN_SECONDS
        if getattr(record, "wait", 0.0) >= _FELT_SECONDS and is_new:
            self._said_at = now
            self._say(masked(record.getMessage()))


def tell_long_waits(say: Callable[[str], None]) -> None:
    """From now on long waits for a service are told to the person."""
    logging.getLogger("footage.pacing").addHandler(LongWaits(say))


def open_log(folder: Path, now: datetime, *, debug: bool) -> Path:
    """Start logging to a file of its own under `folder`; raises DiskTrouble where that cannot be written."""
    path = _free_path(folder, f"{PREFIX}{now.astimezone():%Y-%m-%d_%H-%M-%S}")
    with disk_trouble(path):
        handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(MaskingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.WARNING)
    return path


def _free_path(folder: Path, name: str) -> Path:
    make_folder(folder)
    with disk_trouble(folder):
        nth = 1
        while True:
            path = folder / (f"{name}.log" if nth == 1 else f"{name}_{nth}.log")
            try:
                path.open("x", encoding="utf-8").close()
            except FileExistsError:
                nth += 1
            else:
                return path
