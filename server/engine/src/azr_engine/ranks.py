"""
The processes of one engine that train one model together, each on a GPU of one machine (or, for
tests, on the CPU). Rank 0 leads: it speaks to clients and announces every command, the others
follow. What they tell each other is JSON and numbers, never pickled objects.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from azr_engine.errors import EngineError
from azr_engine.launching import STORE_VARIABLE
from azr_engine.precision import choose_device

# An engine may idle for as long as a run is paused. That a rank is gone shows otherwise: its
# connections close, and its process is watched.
NO_TIMEOUT = timedelta(days=365)


class Ranks:
    """This process's place among `size` ones. With a size of 1 nothing is ever sent."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size

    def announce(self, command: dict[str, Any]) -> None:
        """From the leader to all that wait in `next_command`."""
        if self.size > 1:
            self._broadcast(json.dumps(command, separators=(",", ":")).encode())

    def next_command(self) -> dict[str, Any]:
        command: dict[str, Any] = json.loads(self._broadcast(b""))
        return command

    def agree(self, flag: bool) -> bool:
        """The leader's flag, on every rank."""
        if self.size == 1:
            return flag
        told = torch.tensor([flag], dtype=torch.uint8)
        dist.broadcast(told, src=0)
        return bool(told.item())

    def add_up(self, values: Sequence[float]) -> list[float]:
        """Sums over ranks, place by place, in float64."""
        if self.size == 1 or not values:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(sums)
        return sums.tolist()

    def collect(self, part: Any) -> list[Any]:
        """Every rank's part, each a value of JSON, in the order of the ranks."""
        if self.size == 1:
            return [part]
        own = json.dumps(part, separators=(",", ":")).encode()
        lengths = [int(length) for length in self._gather(torch.tensor([len(own)]))]
        padded = torch.zeros(max(lengths), dtype=torch.uint8)
        padded[: len(own)] = _as_tensor(own)
        parts = self._gather(padded)
        return [
            json.loads(_as_bytes(one[:length])) for one, length in zip(parts, lengths, strict=True)
        ]

    def slice_of(self, count: int) -> slice:
        """Which of `count` things belong to this rank: neighbours, and about as many for each."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def _gather(self, value: Tensor) -> list[Tensor]:
        parts = [torch.empty_like(value) for _ in range(self.size)]
        dist.all_gather(parts, value)
        return parts

    def _broadcast(self, message: bytes) -> bytes:
        length = torch.tensor([len(message)])
        dist.broadcast(length, src=0)
        body = (
            _as_tensor(message) if self.rank == 0 else torch.empty(int(length), dtype=torch.uint8)
        )
        dist.broadcast(body, src=0)
        return _as_bytes(body)


ALONE = Ranks()


def _as_tensor(data: bytes) -> Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)


def _as_bytes(data: Tensor) -> bytes:
    return data.numpy().tobytes()


def given_rank() -> int:
    """As torchrun, or our own leader, tells it."""
    return int(os.environ.get("RANK", "0"))


def given_size() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def check_processes(count: int) -> None:
    """Refuses more processes than there are GPUs for, before any is started."""
    device = choose_device().type
    gpus = torch.cuda.device_count() if device == "cuda" else int(device == "mps")
    if gpus and count > gpus:
        raise EngineError(
            "too_few_devices",
            f"{count} processes want a GPU each; this machine has {gpus}.",
            f"Ask for at most {gpus} (setting engineProcesses), or set AZR_DEVICE to cpu.",
        )
    if not dist.is_available():
        raise EngineError(
            "no_distributed_torch",
            "This build of torch cannot train in several processes.",
            "Ask for one process (setting engineProcesses), or install another build of torch.",
        )


def join(rank: int, size: int) -> Ranks:
    """
    Meets the other processes: in a file of a folder that is the user's alone, or where torchrun
    says. Call it in every one of them; it returns when all are there.
    """
    device = choose_device()
    # Numbers that are on the CPU go by gloo, also where gradients go by NCCL.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if sys.platform == "linux":
        # Otherwise gloo listens at the address that the machine's name resolves to.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    path = os.environ.get(STORE_VARIABLE)
    if path is None:
        dist.init_process_group(backend, timeout=NO_TIMEOUT)
    else:
        # Its type stubs leave the name out.
        distributed: Any = dist
        store = distributed.FileStore(path, size)
        dist.init_process_group(
            backend, store=store, rank=rank, world_size=size, timeout=NO_TIMEOUT
        )
    return Ranks(rank, size)
