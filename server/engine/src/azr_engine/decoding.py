"""
The state of a batch of rows between decoding steps, in two forms: a prompt shared by its group
(fast, plain attention only), and a padded copy of it for every row (any model). graphed_decoding.py
has a third for NVIDIA GPUs, compact_decoding.py a fourth for small models on a CPU.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache

from azr_engine.length_buckets import cut_by_length
from azr_engine.memory_plan import PREFILL_TOKENS
from azr_engine.policy import Policy
from azr_engine.prefix_cache import (
    AttendingCache,
    SharedPrefixCache,
    UnsupportedAttentionError,
    shared_prefix_attention,
)

# The overhead of one more batch in prefill, in tokens: it must save as much padding.
PREFILL_OVERHEAD = 512
GPU_PREFILL_OVERHEAD = 2048
# A batch is compacted when this share of its rows, or less, is unfinished.
RUNNING_SHARE = 0.75


@dataclass(frozen=True)
class DecodingBatch:
    """Distinct prompts and, for every row, which of them it continues; rows of a prompt adjoin."""

    prompts: Sequence[Sequence[int]]
    prompt_of_row: Sequence[int]
    max_tokens: int


class Decoder(Protocol):
    """
    Logits [B, V] of the next token of each row, overwritten by the next step; `keep` drops all
    other rows. A loop checks every `steps_between_checks` steps how many rows are unfinished, and
    takes its steps within `attending`.
    """

    first_logits: Tensor
    steps_between_checks: int

    def attending(self) -> contextlib.AbstractContextManager[None]: ...

    def step(self, tokens: Tensor) -> Tensor: ...

    def keep(self, rows: list[int]) -> None: ...

    def is_worth_compacting(self, rows: int, running: int) -> bool: ...


class EagerDecoder:
    """Launches kernels one by one: fewer rows take less time, and reading values costs little."""

    steps_between_checks = 1

    def attending(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def is_worth_compacting(self, rows: int, running: int) -> bool:
        return running <= RUNNING_SHARE * rows


class SharedPrefixDecoder(EagerDecoder):
    def __init__(self, policy: Policy, batch: DecodingBatch) -> None:
        self._policy = policy
        prompt_of_row = list(batch.prompt_of_row)
        lengths = [len(prompt) for prompt in batch.prompts]
        logits, prefixes = _prefill(policy, batch.prompts)
        self.first_logits = logits[torch.tensor(prompt_of_row, device=policy.device)]
        self._cache = SharedPrefixCache(prefixes, lengths, prompt_of_row, batch.max_tokens)
        starts = [lengths[prompt] for prompt in prompt_of_row]
        self._positions = torch.tensor(starts, device=policy.device)[:, None]

    def attending(self) -> contextlib.AbstractContextManager[None]:
        return shared_prefix_attention(self._policy.network, self._cache)

    def step(self, tokens: Tensor) -> Tensor:
        logits = logits_of_token(self._policy, self._cache, tokens, self._positions)
        self._positions = next_positions(self._policy, self._positions)
        return logits

    def keep(self, rows: list[int]) -> None:
        self._cache.keep(rows)
        self._positions = self._positions[torch.tensor(rows, device=self._positions.device)]


class PaddedDecoder(EagerDecoder):
    """Prompts padded on the left to one length; transformers' own cache and masks."""

    def __init__(self, policy: Policy, batch: DecodingBatch) -> None:
        self._policy = policy
        prompts = batch.prompts
        length = max(len(prompt) for prompt in prompts)
        inputs = torch.zeros(len(prompts), length, dtype=torch.long)
        seen = torch.zeros_like(inputs)
        for index, prompt in enumerate(prompts):
            inputs[index, length - len(prompt) :] = torch.tensor(prompt)
            seen[index, length - len(prompt) :] = 1
        rows = torch.tensor(list(batch.prompt_of_row), device=policy.device)
        seen = seen.to(policy.device)
        self._cache = DynamicCache(config=policy.config)
        positions = (seen.cumsum(dim=1) - 1).clamp(min=0)
        logits = self._forward(inputs.to(policy.device), seen, positions)
        self.first_logits = logits[rows]
        self._cache.batch_select_indices(rows)
        self._seen = seen[rows]
        self._positions = positions[rows, -1:] + 1

    def _forward(self, inputs: Tensor, seen: Tensor, positions: Tensor) -> Tensor:
        return self._policy.selected_logits(
            inputs,
            slice(None),
            -1,
            attention_mask=seen,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
        )

    def step(self, tokens: Tensor) -> Tensor:
        self._seen = torch.cat([self._seen, torch.ones_like(self._seen[:, :1])], dim=1)
        logits = self._forward(tokens[:, None], self._seen, self._positions)
        self._positions = next_positions(self._policy, self._positions)
        return logits

    def keep(self, rows: list[int]) -> None:
        index = torch.tensor(rows, device=self._seen.device)
        self._cache.batch_select_indices(index)
        self._seen = self._seen[index]
        self._positions = self._positions[index]


def logits_of_token(
    policy: Policy, cache: AttendingCache, tokens: Tensor, positions: Tensor
) -> Tensor:
    """
    Logits [B, V] after one more token of each row, whose keys and values go to the cache. Call it
    within `shared_prefix_attention`: switching a model's attention takes as long as a small step.
    """
    return policy.selected_logits(
        tokens[:, None],
        slice(None),
        0,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
    )


def next_positions(policy: Policy, positions: Tensor) -> Tensor:
    """A finished row that is still in the batch must not run past a learned position table."""
    limit = policy.context_tokens - 1 if policy.context_tokens else None
    return (positions + 1).clamp(max=limit)


def _prefill(
    policy: Policy, prompts: Sequence[Sequence[int]]
) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """
    Logits [G, V] after each prompt and, per layer, keys [G, h, d, P] and values [G, h, P, d], zero
    where a prompt is shorter than P.
    """
    longest = max(len(prompt) for prompt in prompts)
    logits: Tensor | None = None
    prefixes: list[tuple[Tensor, Tensor]] = []
    for part, part_logits, layers in prefill_parts(policy, prompts):
        index = torch.tensor(part, device=policy.device)
        if logits is None:
            logits = part_logits.new_empty(len(prompts), part_logits.shape[1])
            prefixes = [_prefix_storage(keys, len(prompts), longest) for keys, _ in layers]
        logits[index] = part_logits
        for (all_keys, all_values), (keys, values) in zip(prefixes, layers, strict=True):
            width = keys.shape[2]
            all_keys[index, :, :, :width] = keys.transpose(2, 3)
            all_values[index, :, :width] = values
    assert logits is not None
    return logits, prefixes


def prefill_parts(
    policy: Policy, prompts: Sequence[Sequence[int]]
) -> Iterator[tuple[list[int], Tensor, list[tuple[Tensor, Tensor]]]]:
    """
    Computes prompts of similar length together, padded on the right, where causal attention never
    looks: which prompts, the logits [n, V] after each and, per layer, keys and values [n, h, L, d].
    """
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    lengths = [len(prompts[index]) for index in order]
    overhead = PREFILL_OVERHEAD if policy.device.type == "cpu" else GPU_PREFILL_OVERHEAD
    for bucket in cut_by_length(lengths, overhead, PREFILL_TOKENS):
        part = order[bucket.start : bucket.stop]
        yield (part, *_prefill_batch(policy, [prompts[item] for item in part]))


def _prefill_batch(
    policy: Policy, prompts: list[Sequence[int]]
) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    inputs = torch.zeros(len(prompts), int(lengths.max()), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        inputs[row, : len(prompt)] = torch.tensor(prompt)
    cache = DynamicCache(config=policy.config)
    rows = torch.arange(len(prompts), device=policy.device)
    columns = (lengths - 1).to(policy.device)
    logits = policy.selected_logits(
        inputs.to(policy.device), rows, columns, past_key_values=cache, use_cache=True
    )
    return logits, [_plain_layer(layer) for layer in cache.layers]


def _plain_layer(layer: Any) -> tuple[Tensor, Tensor]:
    keys = getattr(layer, "keys", None)
    if not isinstance(keys, Tensor) or keys.ndim != 4 or layer.is_sliding:
        raise UnsupportedAttentionError(f"{type(layer).__name__} does not keep every key")
    return keys, layer.values


def _prefix_storage(keys: Tensor, count: int, longest: int) -> tuple[Tensor, Tensor]:
    _, heads, _, width = keys.shape
    return keys.new_zeros(count, heads, width, longest), keys.new_zeros(
        count, heads, longest, width
    )
