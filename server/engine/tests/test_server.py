"""The dialect over HTTP, and the process: token, loopback, order, replays, end with its owner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

TOKEN = "a-token-of-the-test"
PACKAGE = Path(__file__).parent.parent / "src"
PROMPT = {"chunks": [{"type": "encoded_text", "tokens": [5, 6, 7]}]}
ADAM = {"learning_rate": 1e-3, "eps": 1e-8, "grad_clip_norm": 1.0}


def start(folder: Path, checkpoints: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "azr_engine", "--exit-with-stdin", "--threads", "1"),
            *("--model", str(folder), "--checkpoints", str(checkpoints)),
        ],
        env={**os.environ, "AZR_ENGINE_TOKEN": TOKEN, "PYTHONPATH": str(PACKAGE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


class Client:
    def __init__(self, port: int) -> None:
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1/",
            headers={"X-API-Key": TOKEN},
            timeout=60,
            trust_env=False,
        )

    def post(self, route: str, **body: Any) -> Any:
        return self.http.post(route, json=body).json()

    def wait(self, accepted: dict[str, Any]) -> Any:
        while True:
            reply = self.post("retrieve_future", request_id=accepted["request_id"])
            if reply.get("type") != "try_again":
                return reply

    def compute(self, route: str, **body: Any) -> Any:
        return self.wait(self.post(route, **body))

    def create_model(self) -> str:
        models = self.http.get("get_server_capabilities").json()["supported_models"]
        session = self.post("create_session", tags=[], sdk_version="test")["session_id"]
        name = models[0]["model_name"]
        return self.compute("create_model", session_id=session, base_model=name)["model_id"]


@pytest.fixture(scope="module")
def client(
    model_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    process = start(model_folder("llama"), tmp_path_factory.mktemp("checkpoints"))
    assert process.stdin is not None and process.stdout is not None
    event = json.loads(process.stdout.readline())
    assert event["event"] == "listening"
    connected = Client(event["port"])
    yield connected
    connected.http.close()
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def datum(advantage: float) -> dict[str, Any]:
    def tensor(data: list[float]) -> dict[str, Any]:
        return {"data": data, "dtype": "float32", "shape": [len(data)]}

    return {
        "model_input": {"chunks": [{"type": "encoded_text", "tokens": [5, 6, 7, 8]}]},
        "loss_fn_inputs": {
            "target_tokens": tensor([6, 7, 8, 9]),
            "logprobs": tensor([0, 0, -3.5, -3.5]),
            "advantages": tensor([0, 0, advantage, advantage]),
        },
    }


def forward_input(advantage: float = 1.0) -> dict[str, Any]:
    return {"data": [datum(advantage)], "loss_fn": "importance_sampling", "loss_fn_config": {}}


def test_a_model_is_planned_by_what_is_demanded(client: Client) -> None:
    served = client.http.get("get_server_capabilities").json()
    assert served["extensions"]["memory_demand"]
    session = client.post("create_session", tags=[], sdk_version="test")["session_id"]
    model = {"session_id": session, "base_model": served["supported_models"][0]["model_name"]}
    demand = {"trainable": "full", "lora_rank": 8, "prompt_tokens": 60, "completion_tokens": 60}
    created = client.compute("create_model", **model, memory_demand={**demand, "rows": 4})
    plan = client.post("get_info", model_id=created["model_id"])["memory_plan"]
    # Four rows of 120 tokens.
    assert plan == {
        "micro_batch_tokens": 16_384,
        "recompute_layers": False,
        "cache_tokens": 480,
    }
    client.compute("unload_model", model_id=created["model_id"])

    wrong = client.post("create_model", **model, memory_demand=demand)
    assert wrong["code"] == "invalid_request" and "rows" in wrong["error"]


def sampling(client: Client, model: str, seq_id: int) -> str:
    reply = client.compute(
        "save_weights_for_sampler", model_id=model, seq_id=seq_id, sampling_session_seq_id=1
    )
    return reply["sampling_session_id"]


def test_train_sample_and_restore(client: Client) -> None:
    model = client.create_model()
    common: dict[str, Any] = {"items": [{"prompt": PROMPT, "num_samples": 3}]}
    common["sampling_params"] = {"max_tokens": 5, "seed": 4}
    session = sampling(client, model, 1)
    first = client.compute("asample_batch", sampling_session_id=session, seq_id=1, **common)
    assert len(first["items"][0]["sequences"]) == 3
    one = client.compute(
        "asample",
        sampling_session_id=session,
        seq_id=2,
        prompt=PROMPT,
        num_samples=3,
        sampling_params=common["sampling_params"],
    )
    assert one["sequences"] == first["items"][0]["sequences"]
    saved = client.compute("save_weights", model_id=model, seq_id=2, path="before")

    result = client.compute(
        "forward_backward", model_id=model, seq_id=3, forward_backward_input=forward_input()
    )
    assert result["loss_fn_outputs"][0]["logprobs"]["data"][:2] == [0, 0]
    assert result["metrics"]["tokens:sum"] == 2
    step = client.compute("optim_step", model_id=model, seq_id=4, adam_params=ADAM)
    assert step["metrics"]["grad_norm:mean"] > 0

    stale = client.compute("asample_batch", sampling_session_id=session, seq_id=3, **common)
    assert stale["code"] == "stale_sampler" and stale["remedy"]

    client.compute("load_weights", model_id=model, seq_id=5, path=saved["path"], optimizer=True)
    again = sampling(client, model, 6)
    restored = client.compute("asample_batch", sampling_session_id=again, seq_id=1, **common)
    assert restored["items"] == first["items"]
    client.compute("unload_model", model_id=model)


def test_requests_run_in_the_order_of_seq_id_and_replays_once(client: Client) -> None:
    model = client.create_model()
    step = client.post("optim_step", model_id=model, seq_id=2, adam_params=ADAM)
    passed = client.post(
        "forward_backward", model_id=model, seq_id=1, forward_backward_input=forward_input()
    )
    replay = client.post(
        "forward_backward", model_id=model, seq_id=1, forward_backward_input=forward_input()
    )
    assert replay["request_id"] == passed["request_id"]
    assert "loss_fn_outputs" in client.wait(passed)
    assert client.wait(step)["metrics"]["grad_norm:mean"] > 0
    repeated = client.post("optim_step", model_id=model, seq_id=2, adam_params=ADAM)
    assert repeated["request_id"] == step["request_id"]
    client.compute("unload_model", model_id=model)


def test_saved_sampler_weights_are_a_model_folder(client: Client) -> None:
    model = client.create_model()
    path = client.compute("save_weights_for_sampler", model_id=model, seq_id=1, path="out")["path"]
    parameters = {"max_tokens": 4, "seed": 1}
    body: dict[str, Any] = {"prompt": PROMPT, "num_samples": 2, "sampling_params": parameters}
    frozen = client.compute("asample", model_path=path, **body)
    live = client.compute("asample", sampling_session_id=sampling(client, model, 2), **body)
    assert frozen["sequences"] == live["sequences"]
    client.compute("unload_model", model_id=model)


def test_cancelled_work_stops(client: Client) -> None:
    model = client.create_model()
    session = sampling(client, model, 1)
    parameters = {"max_tokens": 100}
    began = time.monotonic()
    client.compute(
        "asample",
        sampling_session_id=session,
        prompt=PROMPT,
        num_samples=500,
        sampling_params=parameters,
    )
    hundredth = time.monotonic() - began
    accepted = client.post(
        "asample",
        sampling_session_id=session,
        prompt=PROMPT,
        num_samples=50_000,
        sampling_params=parameters,
    )
    client.post("cancel_future", request_id=accepted["request_id"])
    assert client.wait(accepted)["code"] == "cancelled"
    began = time.monotonic()
    assert client.post("get_info", model_id=model)["device"] == "cpu"
    # Runs after the cancelled job, which is worth a hundred of the one that was measured.
    client.compute("unload_model", model_id=model)
    assert time.monotonic() - began < 20 * hundredth


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"X-API-Key": "wrong"}, 401, "unauthorized"),
        ({"Host": "example.org"}, 403, "forbidden_host"),
        ({"Origin": "http://127.0.0.1"}, 403, "forbidden_origin"),
    ],
)
def test_strangers_are_refused(
    client: Client, headers: dict[str, str], status: int, code: str
) -> None:
    reply = client.http.get("healthz", headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert client.http.get("healthz").status_code == 200


@pytest.mark.parametrize(
    ("route", "body", "code"),
    [
        ("create_model", {"session_id": "none", "base_model": "x"}, "unknown_session"),
        ("optim_step", {"model_id": "none"}, "unknown_model"),
        ("retrieve_future", {"request_id": "none"}, "unknown_request"),
        ("asample", {"prompt": PROMPT}, "invalid_request"),
        ("asample", {"sampling_session_id": 3}, "invalid_request"),
    ],
)
def test_errors_name_code_and_remedy(
    client: Client, route: str, body: dict[str, Any], code: str
) -> None:
    reply = client.post(route, **body)
    assert reply["code"] == code
    assert reply["error"] and reply["remedy"]


def test_a_missing_model_is_reported_before_anything_starts(tmp_path: Path) -> None:
    process = start(tmp_path, tmp_path)
    assert process.stdin is not None and process.stdout is not None
    event = json.loads(process.stdout.readline())
    assert (event["event"], event["code"]) == ("failed", "model_not_found")
    assert process.wait(timeout=60) == 2
    process.stdin.close()
    process.stdout.close()


def test_the_server_dies_with_its_owner(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    """The owner is killed outright; the server notices that its standard input closed."""
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "server = subprocess.Popen([sys.executable, '-m', 'azr_engine', '--exit-with-stdin',"
            " '--model', sys.argv[1], '--checkpoints', sys.argv[2]], stdin=subprocess.PIPE)\n"
            "print(server.pid, flush=True)\n"
            "time.sleep(100)",
            *(str(model_folder("llama")), str(tmp_path)),
        ],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    server = int(owner.stdout.readline())
    assert json.loads(owner.stdout.readline())["event"] == "listening"
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{server}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    alive = Path(f"/proc/{server}")
    zombie = alive.exists() and ") Z " in (alive / "stat").read_text()
    owner.stdout.close()
    assert zombie or not alive.exists()
