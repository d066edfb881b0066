"""Who has no token cannot keep the owner out of the engine: not by silence, slowness or number."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from azr_engine.strangers import FEW, MOST_STRANGERS

TOKEN = "a-token-of-the-test"
PACKAGE = Path(__file__).parent.parent / "src"
HEAD = b"GET /api/v1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
SILENT = 1100
OWNER_SECONDS = 2.0


@pytest.fixture(scope="module")
def port(
    model_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "azr_engine", "--exit-with-stdin", "--threads", "1"),
            *("--model", str(model_folder("llama"))),
            *("--checkpoints", str(tmp_path_factory.mktemp("checkpoints"))),
        ],
        env={**os.environ, "AZR_ENGINE_TOKEN": TOKEN, "PYTHONPATH": str(PACKAGE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    listening = int(json.loads(process.stdout.readline())["port"])
    owner_seconds(listening)
    yield listening
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


@pytest.fixture(scope="module", autouse=True)
def many_files() -> Iterator[None]:
    """This process holds the strangers' ends; the engine keeps the limit it was started with."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * SILENT
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("this user may not open so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def owner_seconds(port: int) -> float:
    """How long the owner waits for an answer, on a new connection."""
    started = time.monotonic()
    with connect(port) as connection:
        connection.sendall(HEAD + f"X-API-Key: {TOKEN}\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    return time.monotonic() - started


@contextlib.contextmanager
def strangers(
    port: int, count: int, said: bytes = b""
) -> Generator[list[socket.socket], None, None]:
    connections = [connect(port) for _ in range(count)]
    try:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.sendall(said)
        yield connections
    finally:
        for connection in connections:
            connection.close()


def is_ended(connection: socket.socket) -> bool:
    """Whether the engine has ended it; what it answered before that is read and dropped."""
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def ended_within(seconds: float, connections: list[socket.socket]) -> bool:
    deadline = time.monotonic() + seconds
    while not all(is_ended(connection) for connection in connections):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_silent_connections_do_not_stall_the_owner(port: int) -> None:
    with strangers(port, SILENT) as connections:
        assert max(owner_seconds(port) for _ in range(5)) < OWNER_SECONDS
        # Those that are left are few enough for the engine to have files to spare.
        assert sum(not is_ended(connection) for connection in connections) <= MOST_STRANGERS


def test_connections_that_come_back_at_once_do_not_keep_the_owner_out(port: int) -> None:
    stop = threading.Event()

    def come_back() -> None:
        held: list[socket.socket] = []
        while not stop.is_set():
            with contextlib.suppress(OSError):
                held.append(connect(port))
            if len(held) > SILENT // 4:
                held.pop(0).close()
        for connection in held:
            connection.close()

    threads = [threading.Thread(target=come_back) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.5)
        assert max(owner_seconds(port) for _ in range(20)) < OWNER_SECONDS
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        HEAD,
        HEAD + b"X-Long: " + b"a" * 1000,
        HEAD + b"\r\n",
        HEAD + b"X-API-Key: wrong\r\nContent-Length: 1000000\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n",
    ],
    ids=["silent", "half a head", "half a header", "no token", "slow body", "slow chunk"],
)
def test_whoever_shows_no_token_is_let_go_within_a_second_or_so(port: int, said: bytes) -> None:
    with strangers(port, FEW + 1, said) as connections:
        assert ended_within(4.0, connections[:1])
        assert owner_seconds(port) < OWNER_SECONDS


def test_a_single_connection_has_time_to_send_its_token(port: int) -> None:
    with connect(port) as connection:
        time.sleep(2.5)
        connection.sendall(HEAD + f"X-API-Key: {TOKEN}\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def test_many_connections_of_the_owner_at_once_are_all_answered(port: int) -> None:
    request = HEAD + f"X-API-Key: {TOKEN}\r\n\r\n".encode()
    with strangers(port, 300, request) as connections:
        for connection in connections:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_connection_of_the_owner_outlives_all_strangers(port: int) -> None:
    with connect(port) as owner:
        for count in (0, 2 * MOST_STRANGERS):
            with strangers(port, count):
                time.sleep(1.5)
                owner.sendall(HEAD + f"X-API-Key: {TOKEN}\r\n\r\n".encode())
                answer = b""
                while not answer.endswith(b"}"):
                    received = owner.recv(4096)
                    assert received != b""
                    answer += received
                assert answer.startswith(b"HTTP/1.1 200")
