"""
How near the engine comes to what the device can do: decoding as a share of memory bandwidth, both
decoding and training as MFU, the share of the FLOP/s of one large matrix product. Both ceilings are
measured here, not taken from a data sheet; bytes and FLOPs are counted from the model's shape and
the batch that was run.

Run by `npm run bench:roofline`; the engine's own classes are used in this process, without HTTP.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from azr_engine.adapters import LoraSettings
from azr_engine.losses import LossSettings
from azr_engine.optimizers import AdamSettings
from azr_engine.packing import MicroBatchLimits, TrainingSequence, plan_rows
from azr_engine.policy import Policy, load_policy
from azr_engine.precision import DEVICE_VARIABLE, choose_device
from azr_engine.probing import probe
from azr_engine.sampler import Sampler
from azr_engine.sampling import SampledSequence, SampleItem
from azr_engine.sampling_copy import SamplingCopy
from azr_engine.sampling_parameters import SamplingParameters
from azr_engine.training import Trainer
from torch import Tensor, nn

COPIED_BYTES = {"cuda": 1 << 31, "mps": 1 << 28, "cpu": 1 << 28}
MATRIX_SIZE = {"cuda": 8192, "mps": 2048, "cpu": 1024}
ADAM = AdamSettings(learning_rate=1e-7, epsilon=1e-8, grad_clip_norm=1.0)


@dataclass(frozen=True)
class Workload:
    prompts: int
    group: int
    prompt_tokens: int
    completion_tokens: int

    @property
    def rows(self) -> int:
        return self.prompts * self.group


@dataclass(frozen=True)
class Measured:
    """`whole` seconds, of which `seconds` are those that the counts belong to."""

    whole: float
    seconds: float
    tokens: int
    operations: float
    bytes_read: float

    @property
    def operations_per_second(self) -> float:
        return self.operations / self.seconds

    @property
    def bytes_per_second(self) -> float:
        return self.bytes_read / self.seconds


def main() -> None:
    options = parse_arguments()
    if options.device == "cpu":
        os.environ[DEVICE_VARIABLE] = "cpu"
    device = choose_device()
    if options.device not in ("auto", device.type):
        raise SystemExit(f"There is no {options.device} here, only {device.type}.")
    workload = Workload(
        options.prompts, options.group, options.prompt_tokens, options.completion_tokens
    )
    lora = LoraSettings(options.lora_rank, 32.0, seed=1) if options.lora_rank > 0 else None
    policy = load_policy(options.model, lora)
    bench = Bench(policy, workload, options.repetitions)
    decoding, training = bench.decode(), bench.train()
    # Before the ceilings, whose tensors are larger than a small model.
    peak = peak_memory(device)
    ceilings = measure_ceilings(device, policy.numbers.computed, options.repetitions)
    figures = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "model": options.model.name,
        "trained": "all weights" if lora is None else f"LoRA rank {lora.rank}",
        "computed in": str(policy.numbers.computed).removeprefix("torch."),
        "sampled by": bench.sampler.decoding,
        "memory bandwidth, GB/s": ceilings["bandwidth"] / 1e9,
        "matrix product, TFLOP/s": ceilings["operations"] / 1e12,
        "sampling, tokens/s": workload.rows * workload.completion_tokens / decoding.whole,
        "decoding alone, tokens/s": decoding.tokens / decoding.seconds,
        "decoding, share of bandwidth": decoding.bytes_per_second / ceilings["bandwidth"],
        "decoding, MFU": decoding.operations_per_second / ceilings["operations"],
        "training, tokens/s": training.tokens / training.seconds,
        "training, MFU": training.operations_per_second / ceilings["operations"],
        "peak memory, MiB": peak / 2**20,
    }
    for name, value in figures.items():
        print(f"{name:<36}{value:>14.4g}" if isinstance(value, float) else f"{name:<36}{value:>14}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.profile:
        profile(bench, device)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--prompts", type=int, default=24)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--completion-tokens", type=int, default=64)
    parser.add_argument("--lora-rank", type=int, default=0, help="0 trains all weights")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="operators of one update, by time")
    parser.add_argument("--json", type=Path, help="file that the figures are written to")
    return parser.parse_args()


def seconds(device: torch.device, repetitions: int, run: Callable[[], Any]) -> float:
    """Median of `repetitions` runs, after one that is not counted."""
    measured: list[float] = []
    for _ in range(repetitions + 1):
        synchronize(device)
        started = time.perf_counter()
        run()
        synchronize(device)
        measured.append(time.perf_counter() - started)
    return statistics.median(measured[1:])


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def measure_ceilings(
    device: torch.device, dtype: torch.dtype, repetitions: int
) -> dict[str, float]:
    """Bytes per second of a copy, read and written; operations per second of a large product."""
    source = torch.ones(COPIED_BYTES[device.type], dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    size = MATRIX_SIZE[device.type]
    left = torch.randn(size, size, device=device, dtype=dtype)
    right = torch.randn(size, size, device=device, dtype=dtype)
    copying = seconds(device, repetitions, lambda: target.copy_(source))
    product = seconds(device, repetitions, lambda: left @ right)
    return {"bandwidth": 2 * source.numel() / copying, "operations": 2 * size**3 / product}


class Bench:
    """One policy, sampled and trained on the same prompts; no completion ends before its length."""

    def __init__(self, policy: Policy, workload: Workload, repetitions: int) -> None:
        self.policy = policy
        self.workload = workload
        self.repetitions = repetitions
        paths = probe(policy)
        sampled = SamplingCopy(policy).policy if policy.numbers.sampling_copy else policy
        sampled.end_tokens = []
        self.sampler = Sampler.of(sampled)
        self.trainer = Trainer(policy, paths, MicroBatchLimits())
        stream = random.Random(1)
        vocabulary = policy.vocabulary_size()
        self.prompts = [
            tuple(stream.randrange(vocabulary) for _ in range(workload.prompt_tokens))
            for _ in range(workload.prompts)
        ]
        self.groups: list[list[SampledSequence]] = []

    def sample(self, tokens: int) -> None:
        items = [SampleItem(prompt, self.workload.group) for prompt in self.prompts]
        self.groups = self.sampler.sample(items, SamplingParameters(tokens, seed=1))

    def decode(self) -> Measured:
        """What the second to the last token took: a run for one token is what comes before."""
        device, steps = self.policy.device, self.workload.completion_tokens - 1
        first = seconds(device, self.repetitions, lambda: self.sample(1))
        whole = seconds(device, self.repetitions, lambda: self.sample(steps + 1))
        bytes_read, operations = decode_cost(self.sampler.policy, self.workload)
        tokens = self.workload.rows * steps
        return Measured(whole, whole - first, tokens, operations, bytes_read)

    def update(self) -> None:
        sequences = self.sequences()
        self.trainer.forward(sequences, LossSettings("ppo"), backward=True)
        self.trainer.step(ADAM)

    def train(self) -> Measured:
        taken = seconds(self.policy.device, self.repetitions, self.update)
        operations = training_operations(self.policy, self.trainer, self.sequences())
        tokens = self.workload.rows * self.workload.completion_tokens
        return Measured(taken, taken, tokens, operations, 0.0)

    def sequences(self) -> list[TrainingSequence]:
        stream = random.Random(2)
        sequences: list[TrainingSequence] = []
        for prompt, group in zip(self.prompts, self.groups, strict=True):
            for row in group:
                whole, context = [*prompt, *row.tokens], [0.0] * (len(prompt) - 1)
                advantage = stream.gauss(0, 1) / self.workload.rows
                sequences.append(
                    TrainingSequence(
                        *(whole[:-1], whole[1:], len(context), context + row.log_probs),
                        *(
                            context + [advantage] * len(row.tokens),
                            context + [0.0] * len(row.tokens),
                        ),
                    )
                )
        return sequences


def linear_weights(policy: Policy) -> dict[str, Tensor]:
    """Matrices that every token is multiplied by, adapters included; not the output head."""
    head = policy.network.get_output_embeddings()
    return {
        name: module.weight
        for name, module in policy.model.named_modules()
        if isinstance(module, nn.Linear) and module is not head
    }


def decode_cost(policy: Policy, workload: Workload) -> tuple[float, float]:
    """
    Bytes that decoding must read and operations that it must do, from the second token to the last:
    every weight once a step, a prompt's keys and values once a step for its group, and each row's
    own so far.
    """
    config = policy.config.get_text_config()
    head: Tensor = policy.network.get_output_embeddings().weight
    matrices = [*linear_weights(policy).values(), head]
    weights = sum(weight.numel() * weight.element_size() for weight in matrices)
    key_heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    item = torch.empty((), dtype=policy.numbers.computed).element_size()
    per_token = 2 * config.num_hidden_layers * key_heads * width * item
    steps = workload.completion_tokens - 1
    own = steps * (steps + 1) / 2
    cached = workload.prompts * workload.prompt_tokens * steps + workload.rows * own
    products = 2 * sum(weight.numel() for weight in matrices) * workload.rows * steps
    pairs = workload.rows * (workload.prompt_tokens * steps + own)
    attention = 4 * config.num_attention_heads * width * config.num_hidden_layers * pairs
    return weights * steps + cached * per_token, products + attention


def training_operations(
    policy: Policy, trainer: Trainer, sequences: list[TrainingSequence]
) -> float:
    """
    Products of one forward and backward pass over the rows as they are packed: a weight that is
    trained counts three times (forward, gradient of its input, its own), a frozen one twice.
    """
    rows = plan_rows(sequences, policy.compute_cost(), trainer.paths.shared_prompt_training)
    tokens = sum(row.length for row in rows)
    scored = sum(len(sequence.targets) - sequence.start for sequence in sequences)
    layers = sum(
        weight.numel() * (3 if weight.requires_grad else 2)
        for weight in linear_weights(policy).values()
    )
    head: Tensor = policy.network.get_output_embeddings().weight
    # In chunks, the head is computed once more in the backward pass.
    head_passes = 3 if head.requires_grad else 2
    per_pair = policy.compute_cost().per_pair
    pairs = sum(row.length**2 if len(row.members) > 1 else row.length**2 / 2 for row in rows)
    return 2 * layers * tokens + 2 * head_passes * head.numel() * scored + 3 * per_pair * pairs


def peak_memory(device: torch.device) -> float:
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    try:
        import resource
    except ImportError:
        return float("nan")
    # Linux counts in KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def profile(bench: Bench, device: torch.device) -> None:
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profiler(activities=activities) as measured:
        bench.sample(bench.workload.completion_tokens)
        bench.update()
        synchronize(device)
    order = "self_cuda_time_total" if device.type == "cuda" else "self_cpu_time_total"
    print(measured.key_averages().table(sort_by=order, row_limit=15))


if __name__ == "__main__":
    main()
