"""
How much memory the engine takes for a model, these lengths and this batch on this device, and how
it should work so that it fits: the size of a micro-batch, whether layers are computed twice, how
many tokens are cached at once. Estimates err upwards; where one is still too low, the engine halves
its micro-batch and goes on. Without PyTorch, so that asking takes a moment (`memory_needs.py`).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from azr_engine.memory_demand import MemoryDemand
from azr_engine.model_shape import ModelShape

DeviceKind = Literal["cuda", "mps", "cpu"]

# What the engine does where nothing is planned, and the most that is planned.
# Padded tokens of one micro-batch.
MICRO_BATCH_TOKENS = 16_384
# Cached tokens one decoding batch may come to hold, prompts and completions together.
CACHE_TOKENS = 400_000
# Tokens of prompts that are computed at once before decoding.
PREFILL_TOKENS = 16_384
# Largest number of logits (positions times vocabulary) held at once in training.
CHUNK_LOGITS = 1 << 25

# Smaller micro-batches keep no device busy: computing layers twice costs less.
SMALLEST_BUSY_TOKENS = 2_048
# Logits, their logarithms, probabilities and gradients, in float32.
TRAINING_BYTES_PER_LOGIT = 24
# Logits in float32, probabilities and their running sum in float64.
SAMPLING_BYTES_PER_LOGIT = 28
# What the process holds beyond the tensors that exist: a CPU's allocator keeps what one micro-batch
# freed in pieces that do not fit the next. Measured by `npm run bench:memory`.
ACTIVATION_SLACK: dict[DeviceKind, int] = {"cuda": 1, "mps": 1, "cpu": 2}
OVERHEAD_BYTES: dict[DeviceKind, int] = {"cuda": 1500 << 20, "mps": 1000 << 20, "cpu": 700 << 20}
# Processors and Apple GPUs share their memory with everything else that runs.
USABLE_SHARE: dict[DeviceKind, float] = {"cuda": 0.92, "mps": 0.7, "cpu": 0.75}

# The least that prompts and completions are shortened to.
SHORTEST_TOKENS = 64


@dataclass(frozen=True)
class DeviceMemory:
    kind: DeviceKind
    memory_mb: int


@dataclass(frozen=True)
class MemoryParts:
    """Bytes of what is in memory at once where it is fullest."""

    weights: int
    gradients: int
    optimizer: int
    # Kept for the backward pass of one micro-batch.
    activations: int
    logits: int
    # Keys and values while sampling; gradients and activations do not exist then.
    cache: int
    # PyTorch, its kernels and the fragments between tensors.
    overhead: int

    def peak(self) -> int:
        """Sampling and training take turns: of cache, and gradients with activations, the most."""
        turns = max(self.gradients + self.activations, self.cache)
        return self.weights + self.optimizer + self.logits + self.overhead + turns


@dataclass(frozen=True)
class MemoryPlan:
    """Padded tokens of a micro-batch, whether layers are recomputed, tokens cached at once."""

    micro_batch_tokens: int = MICRO_BATCH_TOKENS
    recompute_layers: bool = False
    cache_tokens: int = CACHE_TOKENS


@dataclass(frozen=True)
class MemoryNeeds:
    """`usable_mb` is what of the device's memory is counted on; `plan` is how the engine works."""

    device: DeviceKind
    parameters: int
    parts: MemoryParts
    wanted_mb: int
    usable_mb: int
    plan: MemoryPlan
    # Changes of the demand, each of which alone makes it fit; none where it fits.
    ways: tuple[dict[str, str | int], ...] = ()

    @property
    def fits(self) -> bool:
        return self.wanted_mb <= self.usable_mb

    def payload(self) -> dict[str, Any]:
        return {**asdict(self), "fits": self.fits}


def memory_needs(shape: ModelShape, demand: MemoryDemand, device: DeviceMemory) -> MemoryNeeds:
    """What the fastest plan that fits needs, else the one that needs least, with ways to fit."""
    needs = _best(shape, demand, device)
    return needs if needs.fits else replace(needs, ways=_ways_to_fit(shape, demand, device))


def _best(shape: ModelShape, demand: MemoryDemand, device: DeviceMemory) -> MemoryNeeds:
    longest = _longest_sequence(shape, demand)
    usable_mb = int(device.memory_mb * USABLE_SHARE[device.kind])
    cached = demand.rows * (demand.prompt_tokens + demand.completion_tokens)
    cache_sizes = _halvings(min(CACHE_TOKENS, max(longest, cached)), longest)
    needs: MemoryNeeds | None = None
    for tokens, recompute in _micro_batches(longest):
        for cache_tokens in cache_sizes:
            plan = MemoryPlan(tokens, recompute, cache_tokens)
            parts = _parts(shape, demand, device.kind, plan)
            wanted_mb = math.ceil(parts.peak() / 2**20)
            needs = MemoryNeeds(device.kind, shape.parameters, parts, wanted_mb, usable_mb, plan)
            if needs.fits:
                return needs
    assert needs is not None
    return needs


def _longest_sequence(shape: ModelShape, demand: MemoryDemand) -> int:
    longest = demand.prompt_tokens + demand.completion_tokens
    return min(longest, shape.context_tokens or longest)


def _micro_batches(longest: int) -> list[tuple[int, bool]]:
    """In the order of their speed; the longest sequence, which cannot be cut, fits into each."""
    sizes = _halvings(max(MICRO_BATCH_TOKENS, longest), longest)
    busy = [size for size in sizes if size >= SMALLEST_BUSY_TOKENS]
    return [(size, False) for size in busy] + [(size, True) for size in sizes]


def _halvings(largest: int, smallest: int) -> list[int]:
    sizes: list[int] = []
    while largest > smallest:
        sizes.append(largest)
        largest //= 2
    return [*sizes, smallest]


def _parts(
    shape: ModelShape, demand: MemoryDemand, device: DeviceKind, plan: MemoryPlan
) -> MemoryParts:
    full = demand.trainable == "full"
    computed = 2 if device == "cuda" else 4
    trained = shape.parameters if full else _adapter_parameters(shape, demand.lora_rank)
    muon = _muon_bytes(shape, trained, full) if demand.uses_muon else 0
    # Adapters are switched off for it; where all weights change, it is a model of its own.
    start = shape.parameters * computed if full and demand.samples_start else 0
    layer = _layer_bytes_per_token(shape, computed)
    if not full:
        layer += _adapter_bytes_per_token(shape, demand.lora_rank, computed)
    inputs = shape.layers * shape.hidden * computed
    per_token = inputs + layer if plan.recompute_layers else shape.layers * layer
    trained_logits = min(CHUNK_LOGITS, plan.micro_batch_tokens * shape.vocabulary)
    cached_rows = math.ceil(plan.cache_tokens / _longest_sequence(shape, demand)) + 1
    sampled_logits = min(demand.rows, cached_rows) * shape.vocabulary
    prefilled = min(PREFILL_TOKENS, demand.rows * demand.prompt_tokens)
    keys_and_values = plan.cache_tokens * 2 * shape.layers * shape.key_width * computed
    return MemoryParts(
        weights=_weight_bytes(shape.parameters, 0 if full else trained, full, device) + start,
        gradients=trained * 4,
        optimizer=trained * 8 + muon,
        activations=plan.micro_batch_tokens * per_token * ACTIVATION_SLACK[device],
        logits=max(
            trained_logits * TRAINING_BYTES_PER_LOGIT, sampled_logits * SAMPLING_BYTES_PER_LOGIT
        ),
        cache=keys_and_values + prefilled * layer,
        overhead=OVERHEAD_BYTES[device],
    )


def _weight_bytes(parameters: int, adapters: int, full: bool, device: DeviceKind) -> int:
    """
    With all weights trained, CUDA keeps them in float32, samples from a copy in bfloat16, and makes
    another while it trains.
    """
    if device != "cuda":
        return parameters * 4 + adapters * 4
    return parameters * (4 + 2 * 2) if full else parameters * 2 + adapters * 4


def _muon_bytes(shape: ModelShape, trained: int, full: bool) -> int:
    """
    Of what Muon keeps: one number a weight of the matrices, and two a weight of embeddings and
    output head, each of which is counted, also where they are one; those of the norms are few.
    """
    others = min(trained, 2 * shape.vocabulary * shape.hidden) if full else 0
    return trained * 4 + others * 4


def _adapter_parameters(shape: ModelShape, rank: int) -> int:
    """An adapter of rank r on a layer from m to n has r (m + n) weights."""
    hidden = shape.hidden
    attention = 2 * (hidden + shape.query_width) + 2 * (hidden + shape.key_width)
    return shape.layers * rank * (attention + 3 * (hidden + shape.intermediate))


def _layer_bytes_per_token(shape: ModelShape, computed: int) -> int:
    """
    What autograd keeps of one layer per token: the residual stream, both norms before and after
    their weight; queries, keys and values repeated for all heads, the attention's result twice; and
    four tensors of the gated feed-forward layer.
    """
    return (6 * shape.hidden + 5 * shape.query_width + 4 * shape.intermediate) * computed


def _adapter_bytes_per_token(shape: ModelShape, rank: int, computed: int) -> int:
    """Of each of seven linear layers the input in rank numbers, and the result."""
    attention = shape.query_width + 2 * shape.key_width
    results = attention + 2 * shape.intermediate + 2 * shape.hidden
    return (results + 7 * rank) * computed


def _ways_to_fit(
    shape: ModelShape, demand: MemoryDemand, device: DeviceMemory
) -> tuple[dict[str, str | int], ...]:
    """Adapters for all weights; a lower rank; prompts and completions of at most `tokens`."""

    def fits(changed: MemoryDemand) -> bool:
        return _best(shape, changed, device).fits

    ways: list[dict[str, str | int]] = []
    if demand.trainable == "full" and fits(replace(demand, trainable="lora")):
        ways.append({"trainable": "lora"})
    if demand.trainable == "lora":
        ranks = _halvings(demand.lora_rank, 1)
        rank = next((one for one in ranks if fits(replace(demand, lora_rank=one))), None)
        if rank is not None:
            ways.append({"lora_rank": rank})
    completion = min(demand.completion_tokens, _longest_sequence(shape, demand))
    for tokens in _halvings(completion, min(SHORTEST_TOKENS, completion)):
        prompt = min(tokens, demand.prompt_tokens)
        if fits(replace(demand, prompt_tokens=prompt, completion_tokens=tokens)):
            ways.append({"tokens": tokens})
            break
    return tuple(ways)
