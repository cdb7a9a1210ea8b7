"""What AWS refuses, and where it cannot even be asked, is told in the words of what a person can do."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from cli.again import pull_command
from cli.order import Order, PullOptions, take_order
from cli.services import Services
from cli.terminal import Question
from demo.faults import Fault
from demo.kinesis_service import KinesisService
from demo.kinesis_streams import KinesisStream
from footage.errors import FootageError, InputRefused
from footage.kinesis.errors import AwsCredentials, AwsPermission, Call, explain, explain_failure
from footage.settings import KinesisSettings
from helpers import Asker
from kinesis_clip import KinesisClient

CLIP = Call("GetClip", "yard", "us-east-1")
NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
CONFIG = """
[profile reader]
region = eu-west-1
[profile auditor]
role_arn = arn:aws:iam::123456789012:role/auditor
source_profile = keys
region = us-east-1
[profile keys]
"""
CREDENTIALS = "[keys]\naws_access_key_id = AKIATEST\naws_secret_access_key = secret\n"


@pytest.fixture(autouse=True)
def _own_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, text in (("AWS_CONFIG_FILE", CONFIG), ("AWS_SHARED_CREDENTIALS_FILE", CREDENTIALS)):
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[KinesisService]:
    with KinesisService([KinesisStream("gate", NOW)]) as service:
        for name in ("AWS_ENDPOINT_URL_KINESIS_VIDEO", "AWS_ENDPOINT_URL_STS"):
            monkeypatch.setenv(name, service.url)
        yield service


@pytest.mark.parametrize(
    ("code", "status", "message", "kind", "words"),
    [
        ("InvalidSignatureException", 403, "Signature expired: 2 is now earlier than 3", AwsCredentials, "clock"),
        ("InvalidSignatureException", 403, "Signature not yet current: 3 is later", AwsCredentials, "clock"),
        ("InvalidSignatureException", 403, "It does not match.", AwsCredentials, "does not accept the credentials"),
        ("403", 403, "The security token included in the request is invalid.", AwsCredentials, "does not accept"),
        ("ForbiddenException", 403, "No.", AwsPermission, "kinesisvideo:GetClip of stream yard. No. (ForbiddenE"),
        ("SomethingNew", 401, "No.", AwsPermission, "kinesisvideo:GetClip"),
    ],
)
def test_every_401_and_403_is_of_the_credentials_and_a_wrong_clock_is_told_as_one(
    code: str, status: int, message: str, kind: type[FootageError], words: str
) -> None:
    for action in ("GetClip", "DescribeStream"):
        error = explain(replace(CLIP, action=action), code, status, message)
        assert isinstance(error, kind)
        assert words.replace("GetClip", action) in error.message


def test_what_aws_says_neither_steers_a_terminal_nor_tells_a_signature() -> None:
    said = "\x1b[31mNo \u202eway to https://sts.example/?X-Amz-Signature=abc"
    told = [explain(CLIP, "AccessDenied\x07", 403, said), explain_failure(CLIP, {"CredentialRetrievalError"}, said)]
    for error in told:
        assert isinstance(error, FootageError)
        assert "way to https://sts.example/" in error.message
        assert not set(error.message) & set("\x1b\x07\u202e")
        assert "abc" not in error.message


def test_what_a_sign_in_needs_beside_boto_is_told_with_the_line_to_type() -> None:
    said = 'Missing Dependency: You will need to pip install "botocore[crt]" before proceeding.'
    error = explain_failure(CLIP, {"MissingDependencyException", "BotoCoreError"}, said)
    assert isinstance(error, AwsCredentials)
    assert '-m pip install "botocore[crt]"' in error.message


@pytest.mark.parametrize(
    ("code", "status", "kind", "words"),
    [
        ("AccessDenied", 403, AwsPermission, "sts:AssumeRole. Not you."),
        ("ValidationError", 400, AwsCredentials, "sts:AssumeRole was refused. Not you."),
        ("InvalidClientTokenId", 403, AwsCredentials, "does not accept the credentials"),
    ],
)
def test_a_role_that_cannot_be_assumed_is_named_and_not_the_call_that_needed_it(
    service: KinesisService, code: str, status: int, kind: type[FootageError], words: str
) -> None:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>Not you.</Message></Error></ErrorResponse>"
    service.fail(Fault(path="/", status=status, body=body, headers={"Content-Type": "text/xml"}))
    with pytest.raises(kind) as refused:
        KinesisClient(profile="auditor", environ={}, retries=1).describe("gate")
    assert words in refused.value.message
    assert "kinesisvideo" not in refused.value.message


@pytest.mark.parametrize("address", ["127.0.0.1:99", "localhost", "https://"])
def test_an_address_that_is_none_is_refused_and_named(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS_VIDEO", address)
    with pytest.raises(InputRefused, match="AWS_ENDPOINT_URL_KINESIS_VIDEO"):
        KinesisClient(profile="keys", region="us-east-1", environ={}).streams()


# The questions


@pytest.mark.parametrize("region", [None, "us-east-1"], ids=["no region", "nobody answers"])
def test_streams_that_cannot_be_listed_can_still_be_named(monkeypatch: pytest.MonkeyPatch, region: str | None) -> None:
    said: list[str] = []
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS_VIDEO", "http://127.0.0.1:9")
    services = Services(region="us", retries=1, asker=None, say=said.append, stop=threading.Event())
    assert services.streams(KinesisSettings("keys", region)) == []
    assert "cannot be listed" in said[-1]


class Answers:
    """A person who answers by the name of the question; an answer of several is given one after the other."""

    def __init__(self, **answers: str | Sequence[str]) -> None:
        self.asked: list[str] = []
        self.said: list[str] = []
        self._answers = {name: [told] if isinstance(told, str) else [*told] for name, told in answers.items()}

    def __call__(self, question: Question) -> str:
        self.asked.append(question.name)
        return self._answers[question.name].pop(0)

    def order(self) -> Order:
        services = Services(region="us", retries=1, asker=None, say=self.said.append, stop=threading.Event())
        return take_order(
            PullOptions(),
            asker=Asker(self, self.said.append),
            ask_all=True,
            read_fleet=lambda: pytest.fail("not asked"),
            aws=lambda: services,
            now=NOW,
        )


WHEN = {"start": "11/20/2026 10:00", "zone": "UTC", "duration": "5"}


def test_the_questions_ask_profile_region_and_selector_and_the_command_says_them(service: KinesisService) -> None:
    region = ("us east", "us-east-1")
    answers = Answers(
        source="kinesis", profile=("nobody", "keys"), region=region, camera="yard=gate", selector="server", **WHEN
    )
    order = answers.order()
    assert answers.asked == [
        *("source", "profile", "profile", "region", "region", "start", "zone", "duration", "camera", "selector"),
    ]
    assert "nobody" in answers.said[0]
    assert "Streams of this account: gate" in answers.said
    assert order.settings.kinesis == KinesisSettings("keys", "us-east-1")
    [camera] = order.incident.cameras
    assert (camera.stream, camera.selector) == ("gate", "server")
    words = shlex.split(pull_command(order.incident, kinesis=order.settings.kinesis))
    given = dict(zip(words[3::2], words[4::2], strict=True))
    chosen = (given["--stream"], given["--selector"], given["--profile"], given["--region"])
    assert chosen == ("yard=gate", "server", "keys", "us-east-1")


def test_enter_alone_takes_what_boto_finds_and_the_cameras_own_clock(
    service: KinesisService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "reader")
    answers = Answers(source="kinesis", profile="", region="", camera="yard=gate", selector="", **WHEN)
    order = answers.order()
    assert order.settings.kinesis == KinesisSettings()
    assert order.incident.cameras[0].selector == "producer"
    assert "--region" not in pull_command(order.incident, kinesis=order.settings.kinesis)
