"""A company's network: a proxy from the environment, certificates of its own, both against real sockets on loopback."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from tests.site import ROOT

NO_VEHICLES = json.dumps({"data": [], "pagination": {"endCursor": "", "hasNextPage": False}}).encode()
ASK = """
import sys
from footage.errors import FootageError
from footage.trust import trust_system
if sys.argv[2] == "trust":
    trust_system()
from SamsaraAPI import SamsaraClient
try:
    print(SamsaraClient("samsara_api_0123456789", base_url=sys.argv[1], attempts=1, patience=5).vehicles())
except FootageError as error:
    print(error.message)
"""


class NoVehicles(BaseHTTPRequestHandler):
    """Answers everything with an empty fleet, and remembers what it was asked."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(NO_VEHICLES)))
        self.end_headers()
        self.wfile.write(NO_VEHICLES)

    def do_CONNECT(self) -> None:
        self.asked.append(f"CONNECT {self.path}")
        self.send_error(407, "who are you")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def server(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (NoVehicles,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as opened:
        if context is not None:
            opened.socket = context.wrap_socket(opened.socket, server_side=True)
        threading.Thread(target=opened.serve_forever, daemon=True).start()
        yield opened.server_port, asked
        opened.shutdown()


def ask(address: str, trust: str, **environ: str) -> str:
    own = {name: text for name, text in os.environ.items() if "proxy" not in name.lower()}
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        own.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", ASK, address, trust],
        cwd=ROOT,
        env=own | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="only OpenSSL's store can be named by a variable")
def test_a_certificate_that_only_the_system_knows_is_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "company.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with server(context) as (port, _):
        address, system = f"https://127.0.0.1:{port}", {"SSL_CERT_FILE": str(tmp_path / "company.pem")}
        assert ask(address, "trust", **system) == "[]"
        assert "cannot be verified" in ask(address, "no", **system)
        assert "company proxy" in ask(address, "trust")


def test_the_outside_world_is_reached_through_the_proxy_of_the_environment() -> None:
    with server() as (port, asked):
        said = ask("https://api.samsara.invalid", "trust", HTTPS_PROXY=f"http://127.0.0.1:{port}")
    assert asked == ["CONNECT api.samsara.invalid:443"]
    assert "cannot be reached" in said


def test_this_computer_is_reached_without_it() -> None:
    with server() as (port, asked), server() as (proxy, through):
        assert ask(f"http://127.0.0.1:{port}", "trust", HTTP_PROXY=f"http://127.0.0.1:{proxy}") == "[]"
    assert (len(asked), through) == (1, [])
