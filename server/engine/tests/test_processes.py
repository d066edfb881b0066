"""
One engine of two processes on the CPU (gloo), over HTTP, beside one of a single process: the same
losses, gradients and weights within `TOLERANCE` of the largest value of a tensor; checkpoints of
one load in the other; and nothing is left when any of the processes dies.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import VOCABULARY
from safetensors.torch import load_file
from test_server import PACKAGE, PROMPT, TOKEN, Client

TOLERANCE = 2e-5
ADAM = {"learning_rate": 1e-3, "beta1": 0.9, "eps": 1e-8, "grad_clip_norm": 1.0}
LORA = {"rank": 4, "alpha": 8, "seed": 1}


class Engine:
    """Of several processes, started by the first of them, or by torchrun."""

    def __init__(
        self, folder: Path, checkpoints: Path, processes: int, torchrun: bool = False
    ) -> None:
        launcher = ["-m", "torch.distributed.run", "--nproc_per_node", str(processes)]
        self.checkpoints = checkpoints
        self.log = (checkpoints.parent / f"{processes}.log").open("w+")
        self.process = subprocess.Popen(
            [
                *(sys.executable, *(launcher if torchrun else [])),
                *("-m", "azr_engine", "--exit-with-stdin", "--threads", "1"),
                *("--model", str(folder), "--checkpoints", str(checkpoints)),
                *([] if torchrun else ["--processes", str(processes)]),
            ],
            env={**os.environ, "AZR_ENGINE_TOKEN": TOKEN, "PYTHONPATH": str(PACKAGE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        self.port: int | None = None

    def connect(self) -> Client:
        """Waits, the first time, until it listens."""
        if self.port is None:
            assert self.process.stdout is not None
            event = json.loads(self.process.stdout.readline())
            assert event["event"] == "listening", event
            self.port = int(event["port"])
        return Client(self.port)

    def followers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in children.read_text().split()]

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.log.close()


def is_running(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and ") Z " not in status.read_text()


def ends(processes: list[int], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_running(process) for process in processes):
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def engines(
    model_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, Engine]]:
    """Of one process and of two, with one folder of checkpoints. The last test ends the second."""
    checkpoints = tmp_path_factory.mktemp("engines") / "checkpoints"
    started = [Engine(model_folder("llama"), checkpoints, count) for count in (1, 2)]
    yield started[0], started[1]
    for engine in started:
        engine.close()


def datum(stream: random.Random, prompt: list[int]) -> dict[str, Any]:
    def tensor(data: Sequence[float]) -> dict[str, Any]:
        return {"data": data, "dtype": "float32", "shape": [len(data)]}

    completion = [stream.randrange(VOCABULARY) for _ in range(stream.randrange(1, 12))]
    whole, context = prompt + completion, [0.0] * (len(prompt) - 1)
    return {
        "model_input": {"chunks": [{"type": "encoded_text", "tokens": whole[:-1]}]},
        "loss_fn_inputs": {
            "target_tokens": tensor(whole[1:]),
            "logprobs": tensor(context + [-3 - stream.random() for _ in completion]),
            "advantages": tensor(context + [stream.gauss(0, 1) for _ in completion]),
        },
    }


def request(seed: int, sizes: tuple[int, ...]) -> dict[str, Any]:
    stream = random.Random(seed)
    data: list[dict[str, Any]] = []
    for size in sizes:
        prompt = [stream.randrange(VOCABULARY) for _ in range(stream.randrange(1, 30))]
        data += [datum(stream, prompt) for _ in range(size)]
    return {"data": data, "loss_fn": "ppo", "loss_fn_config": {}}


def create(client: Client, lora: dict[str, Any] | None) -> str:
    capabilities = client.http.get("get_server_capabilities").json()
    session = client.post("create_session", tags=[], sdk_version="test")["session_id"]
    options: dict[str, Any] = {"lora_config": lora} if lora else {}
    return client.compute(
        "create_model",
        session_id=session,
        base_model=capabilities["supported_models"][0]["model_name"],
        # Several micro-batches for each, and not as many for one rank as for the other.
        memory_plan={"micro_batch_tokens": 100},
        **options,
    )["model_id"]


def train(client: Client, lora: dict[str, Any] | None, name: str) -> list[dict[str, Any]]:
    """Two steps, the second on a single sequence, which leaves one rank without any."""
    model = create(client, lora)
    replies: list[dict[str, Any]] = []
    for step, sizes in enumerate([(5, 5, 4, 1), (1,)]):
        body = request(step, sizes)
        order = 4 * step
        replies.append(
            client.compute(
                "forward_backward", model_id=model, seq_id=order + 1, forward_backward_input=body
            )
        )
        taken = client.compute("optim_step", model_id=model, seq_id=order + 2, adam_params=ADAM)
        replies.append(taken)
        client.compute("save_weights", model_id=model, seq_id=order + 3, path=f"{name}-{step}")
        scored = client.compute("forward", model_id=model, seq_id=order + 4, forward_input=body)
        replies.append(scored)
    client.compute("unload_model", model_id=model)
    return replies


def assert_near(actual: Any, expected: Any) -> None:
    """Numbers within the tolerance, in whatever they are nested."""
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for key in expected:
            assert_near(actual[key], expected[key])
    elif isinstance(expected, list):
        for one, other in zip(actual, expected, strict=True):
            assert_near(one, other)
    elif isinstance(expected, float):
        assert actual == pytest.approx(expected, rel=1e-4, abs=1e-4)
    else:
        assert actual == expected


def assert_same_tensors(one: Path, other: Path) -> None:
    left, right = load_file(one), load_file(other)
    assert left.keys() == right.keys()
    for name, expected in left.items():
        scale = max(expected.abs().max().item(), 1e-3)
        assert (right[name] - expected).abs().max().item() <= TOLERANCE * scale, name


def test_two_processes_train_as_one_does(engines: tuple[Engine, Engine]) -> None:
    single, double = engines[0].connect(), engines[1].connect()
    checkpoints = engines[0].checkpoints
    for kind, lora in (("full", None), ("lora", LORA)):
        alone, together = train(single, lora, f"{kind}-one"), train(double, lora, f"{kind}-two")
        assert_near(together, alone)
        for step in (0, 1):
            one, two = checkpoints / f"{kind}-one-{step}", checkpoints / f"{kind}-two-{step}"
            assert_same_tensors(one / "weights.safetensors", two / "weights.safetensors")
            # After one step, Adam's first moment is the gradient times 1 - beta1, its second the
            # square of it.
            assert_same_tensors(one / "optimizer.safetensors", two / "optimizer.safetensors")
    go_on_from_each_other(single, double)
    sample_together(single, double)
    single.http.close()
    double.http.close()


def go_on_from_each_other(single: Client, double: Client) -> None:
    """A checkpoint of two processes goes on in one, as one of one does in two."""
    replies: list[Any] = []
    for client, name in ((single, "full-two-0"), (double, "full-one-0")):
        model = create(client, None)
        path = f"tinker://{model}/weights/{name}"
        client.compute("load_weights", model_id=model, seq_id=1, path=path, optimizer=True)
        body = request(1, (3, 2))
        replies.append(
            client.compute(
                "forward_backward", model_id=model, seq_id=2, forward_backward_input=body
            )
        )
        client.compute("optim_step", model_id=model, seq_id=3, adam_params=ADAM)
        replies.append(
            client.compute("forward", model_id=model, seq_id=4, forward_input=request(2, (4,)))
        )
        client.compute("unload_model", model_id=model)
    assert_near(replies[2:], replies[:2])


def sample_together(single: Client, double: Client) -> None:
    """Of weights that were trained, with log-probabilities that one process agrees with."""
    model = create(double, None)
    body = request(3, (4,))
    double.compute("forward_backward", model_id=model, seq_id=1, forward_backward_input=body)
    double.compute("optim_step", model_id=model, seq_id=2, adam_params=ADAM)
    saved = double.compute("save_weights_for_sampler", model_id=model, seq_id=3, path="merged")
    session = double.compute(
        "save_weights_for_sampler", model_id=model, seq_id=4, sampling_session_seq_id=1
    )["sampling_session_id"]
    asked: dict[str, Any] = {
        "items": [{"prompt": PROMPT, "num_samples": count} for count in (3, 1, 4)],
        "sampling_params": {"max_tokens": 6, "seed": 4},
    }
    reply = double.compute("asample_batch", sampling_session_id=session, seq_id=1, **asked)
    again = double.compute("asample_batch", sampling_session_id=session, seq_id=2, **asked)
    assert reply == again
    assert [len(item["sequences"]) for item in reply["items"]] == [3, 1, 4]
    rows = [row for item in reply["items"] for row in item["sequences"]]
    assert len({tuple(row["tokens"]) for row in rows}) == 8
    wrong = double.compute(
        "asample_batch",
        sampling_session_id=session,
        seq_id=3,
        **{**asked, "items": [{"prompt": {"chunks": [{"tokens": [99]}]}, "num_samples": 2}]},
    )
    assert wrong["code"] == "invalid_request"

    # The first process scores what both sampled, with the weights that they wrote.
    trained = create(single, None)
    folder = saved["path"].rsplit("/", 1)[1]
    assert folder == "merged"
    single.compute("forward_backward", model_id=trained, seq_id=1, forward_backward_input=body)
    single.compute("optim_step", model_id=trained, seq_id=2, adam_params=ADAM)
    prompt = PROMPT["chunks"][0]["tokens"]
    data = [
        {
            "model_input": {"chunks": [{"tokens": [*prompt, *row["tokens"]][:-1]}]},
            "loss_fn_inputs": {"target_tokens": {"data": [*prompt, *row["tokens"]][1:]}},
        }
        for row in rows
    ]
    scored = single.compute(
        "forward",
        model_id=trained,
        seq_id=3,
        forward_input={"data": data, "loss_fn": "cross_entropy"},
    )
    for row, output in zip(rows, scored["loss_fn_outputs"], strict=True):
        assert output["logprobs"]["data"][2:] == pytest.approx(row["logprobs"], abs=1e-4)


def test_torchrun_starts_the_same(
    engines: tuple[Engine, Engine], model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    double = Engine(model_folder("llama"), tmp_path / "checkpoints", 2, torchrun=True)
    replies: list[Any] = []
    for engine in (engines[0], double):
        client = engine.connect()
        model = create(client, LORA)
        body = request(5, (4, 3))
        replies.append(
            client.compute(
                "forward_backward", model_id=model, seq_id=1, forward_backward_input=body
            )
        )
        replies.append(client.compute("optim_step", model_id=model, seq_id=2, adam_params=ADAM))
        client.http.close()
    assert_near(replies[2:], replies[:2])
    ranks = double.followers()
    assert len(ranks) == 2
    double.close()
    assert ends(ranks)


def test_followers_do_not_outlive_the_first(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    engine = Engine(model_folder("llama"), tmp_path / "checkpoints", 2)
    engine.connect().http.close()
    (follower,) = engine.followers()
    os.kill(engine.process.pid, signal.SIGKILL)
    assert ends([engine.process.pid, follower])
    engine.close()


def test_an_engine_that_loses_a_follower_ends_and_says_so(engines: tuple[Engine, Engine]) -> None:
    engine = engines[1]
    (follower,) = engine.followers()
    os.kill(follower, signal.SIGKILL)
    assert ends([engine.process.pid, follower])
    assert engine.process.wait(timeout=10) == 3
    engine.log.seek(0)
    last = engine.log.read().strip().splitlines()[-1]
    assert "process 1 of 2 (numbered from 0) ended: killed by signal 9" in last.lower()
    assert "resume the run" in last
