"""Downloads from a stand-in for the Hub: resumed where cut, cached, refused with a remedy."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = hashlib.sha256(b"weights").digest() * 750_000
FILES = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": WEIGHTS}


class Hub(ThreadingHTTPServer):
    """The routes of the Hub that a download uses; `cut` ends one answer with weights early."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cut = False
        self.ranges: list[str] = []
        self.served = 0
        self.tokens: list[str | None] = []


class _Handler(BaseHTTPRequestHandler):
    @property
    def hub(self) -> Hub:
        assert isinstance(self.server, Hub)
        return self.server

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.tokens.append(self.headers.get("Authorization"))
        parts = self.path.split("?")[0].strip("/").split("/")
        name = "/".join(parts[2:4] if parts[0] == "api" else parts[0:2])
        refusals = {"tiny/gated": (403, "GatedRepo"), "tiny/none": (404, "RepoNotFound")}
        if name in refusals:
            status, code = refusals[name]
            self._send(status, {"X-Error-Code": code}, b"{}")
        elif parts[0] == "api" and "tree" in parts:
            entries = [
                {"type": "file", "path": file, "size": len(body), "oid": COMMIT}
                for file, body in FILES.items()
            ]
            self._send(200, {"Content-Type": "application/json"}, json.dumps(entries).encode())
        elif parts[0] == "api":
            siblings = [{"rfilename": file} for file in [*FILES, "pytorch_model.bin"]]
            body = {"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings}
            self._send(200, {"Content-Type": "application/json"}, json.dumps(body).encode())
        else:
            self._file(parts[-1])

    def _file(self, file: str) -> None:
        body = FILES[file]
        etag = hashlib.sha256(body).hexdigest()
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        wanted = self.headers.get("Range")
        if self.command == "HEAD" or file != "model.safetensors":
            self._send(200, headers, body)
            return
        begin = int(wanted.split("=")[1].split("-")[0]) if wanted else 0
        self.hub.ranges.append(wanted or "")
        if self.hub.cut:
            self.hub.cut = False
            self.send_response(200)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
            return
        self.hub.served += len(body) - begin
        if begin > 0:
            headers["Content-Range"] = f"bytes {begin}-{len(body) - 1}/{len(body)}"
        self._send(206 if begin > 0 else 200, headers, body[begin:])


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


Obtain = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def obtained(hub: Hub, tmp_path: Path) -> Obtain:
    """What `azr_engine.obtain` says of a model; further variables go to its environment."""

    def run(model: str, **variables: str) -> list[dict[str, Any]]:
        environment = {
            **os.environ,
            "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
            "HF_HOME": str(tmp_path / "cache"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "PYTHONPATH": str(Path(__file__).parent.parent / "src"),
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-m", "azr_engine.obtain", model, "--models", str(tmp_path / "own")],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines, done.stderr
        assert (done.returncode == 0) is (lines[-1]["event"] == "ready")
        return lines

    return run


def test_downloaded_once_into_the_users_cache(hub: Hub, obtained: Obtain, tmp_path: Path) -> None:
    lines = obtained("tiny/model", HF_TOKEN="hf_secret")
    folder = Path(lines[-1]["folder"])
    assert folder == tmp_path / "cache/hub/models--tiny--model/snapshots" / COMMIT
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert not (folder / "pytorch_model.bin").exists()
    assert "Bearer hf_secret" in hub.tokens
    served = hub.served
    assert Path(obtained("tiny/model", HF_HUB_OFFLINE="1")[-1]["folder"]) == folder
    assert hub.served == served == len(WEIGHTS)


def test_what_was_cut_short_is_resumed(hub: Hub, obtained: Obtain) -> None:
    """By a connection: the second asks for the rest only, after the last whole 10 MiB."""
    hub.cut = True
    folder = Path(obtained("tiny/model")[-1]["folder"])
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    kept = 10 * 2**20
    assert [wanted.split("-")[0] for wanted in hub.ranges] == ["", f"bytes={kept}"]
    assert hub.served == len(WEIGHTS) - kept


@pytest.mark.parametrize(
    ("model", "variables", "code"),
    [
        ("tiny/gated", {}, "model_gated"),
        ("tiny/none", {}, "model_unknown"),
        ("not an id", {}, "model_unknown"),
        ("tiny/model", {"HF_HUB_OFFLINE": "1"}, "offline"),
        ("tiny/model", {"HF_ENDPOINT": "http://127.0.0.1:9"}, "network"),
        ("absent.gguf", {}, "model_not_found"),
    ],
)
def test_each_failure_has_its_remedy(
    obtained: Obtain, model: str, variables: dict[str, str], code: str
) -> None:
    last = obtained(model, **variables)[-1]
    assert last["event"] == "failed" and last["code"] == code
    assert last["remedy"]
