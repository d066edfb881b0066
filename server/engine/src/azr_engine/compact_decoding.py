"""
Decoding with `CompactNetwork`, on a CPU: about twenty operations per layer and token, where a model
of transformers takes a hundred. Keys and values of a prompt are stored and read once for its group,
as in `prefix_cache.py`; scores of the prompt and of a row's own tokens share one softmax.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from azr_engine.compact_network import CompactNetwork, UnsupportedNetworkError
from azr_engine.decoding import DecodingBatch, EagerDecoder
from azr_engine.length_buckets import cut_by_length
from azr_engine.memory_plan import PREFILL_TOKENS
from azr_engine.policy import Policy
from azr_engine.prefix_cache import Groups, remaining_groups

INITIAL_CAPACITY = 32
# How many tokens of padding cost as much as one more batch of a prefill.
PREFILL_OVERHEAD = 64
# A step of fewer FLOPs runs on one thread: its matrix products are so short that synchronising with
# a second thread, on a core that has other work, takes longer than the step (azr-nano beside such
# work: half the time on one thread of two).
SINGLE_THREAD_FLOPS = 1e9


@dataclass(frozen=True)
class PromptRows:
    inputs: Tensor  # [B, L], padded on the right, where causal attention never looks
    positions: None = None
    mask: None = None


class CompactDecoder(EagerDecoder):
    def __init__(self, policy: Policy, batch: DecodingBatch) -> None:
        network, reason = policy.compact
        if network is None:
            raise UnsupportedNetworkError(reason)
        self._network: CompactNetwork = network
        # Read again for every loop, since training changes the parameters in between.
        self._weights = network.weights()
        self._last_position = len(network.rotations) - 1
        self._group_of_row = list(batch.prompt_of_row)
        self._lengths = [len(prompt) for prompt in batch.prompts]
        layers = len(self._weights.layers)
        heads, width = network.key_heads, network.width
        longest, groups = max(self._lengths), len(self._lengths)
        # Per layer [G, k, d, P] and [G, k, P, d], zero where a prompt is shorter than P.
        self._prefix_keys = [torch.zeros(groups, heads, width, longest) for _ in range(layers)]
        self._prefix_values = [torch.zeros(groups, heads, longest, width) for _ in range(layers)]
        rows = torch.tensor(self._group_of_row)
        self.first_logits = self._prefill(batch)[rows]
        # Per layer [B, k, capacity, d].
        capacity = max(1, min(INITIAL_CAPACITY, batch.max_tokens))
        shape = (len(rows), heads, capacity, width)
        self._own_keys = [torch.empty(shape) for _ in range(layers)]
        self._own_values = [torch.empty(shape) for _ in range(layers)]
        self._own = 0
        self._positions = torch.tensor(self._lengths)[rows]
        self._step_flops = 2.0 * policy.parameter_count() * len(rows)
        self._regroup()

    @contextlib.contextmanager
    def attending(self) -> Generator[None, None, None]:
        threads = torch.get_num_threads()
        if self._step_flops < SINGLE_THREAD_FLOPS:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)

    def _prefill(self, batch: DecodingBatch) -> Tensor:
        """Logits [G, V] after each prompt; keys and values are stored in the prefixes."""
        order = sorted(range(len(batch.prompts)), key=lambda index: len(batch.prompts[index]))
        logits: list[Tensor] = []
        pending: list[list[int]] = []
        for bucket in cut_by_length(
            [len(batch.prompts[index]) for index in order], PREFILL_OVERHEAD, PREFILL_TOKENS
        ):
            chosen = [order[place] for place in bucket]
            held = sum(len(part) * len(batch.prompts[part[-1]]) for part in pending)
            if pending and held + len(chosen) * len(batch.prompts[chosen[-1]]) > PREFILL_TOKENS:
                logits.append(self._prefill_together(batch, pending))
                pending = []
            pending.append(chosen)
        logits.append(self._prefill_together(batch, pending))
        ordered = torch.cat(logits)
        result = torch.empty_like(ordered)
        result[torch.tensor(order)] = ordered
        return result

    def _prefill_together(self, batch: DecodingBatch, buckets: list[list[int]]) -> Tensor:
        """Logits of the prompts of these buckets, in their order."""
        rows: list[PromptRows] = []
        wanted: list[int] = []
        before = 0
        for bucket in buckets:
            length = len(batch.prompts[bucket[-1]])
            padded = [
                [*batch.prompts[index], *[0] * (length - self._lengths[index])] for index in bucket
            ]
            rows.append(PromptRows(torch.tensor(padded)))
            wanted += [
                before + place * length + self._lengths[index] - 1
                for place, index in enumerate(bucket)
            ]
            before += len(bucket) * length

        def keep(layer: int, keys: Tensor, values: Tensor) -> None:
            begin = 0
            for bucket, part in zip(buckets, rows, strict=True):
                end, length = begin + part.inputs.numel(), part.inputs.shape[1]
                index = torch.tensor(bucket)
                shape = part.inputs.shape
                own_keys = keys[begin:end].unflatten(0, shape)
                own_values = values[begin:end].unflatten(0, shape)
                self._prefix_keys[layer][index, :, :, :length] = own_keys.permute(0, 2, 3, 1)
                self._prefix_values[layer][index, :, :length] = own_values.transpose(1, 2)
                begin = end

        hidden = self._network.hidden(self._weights, rows, torch.tensor(wanted), keep)
        return self._network.head(self._weights, hidden)

    def step(self, tokens: Tensor) -> Tensor:
        network = self._network
        if self._own == self._own_keys[0].shape[2]:
            self._grow()
        rotations = network.rotations[self._positions][:, None]
        hidden = functional.embedding(tokens, self._weights.embedding)
        for index, layer in enumerate(self._weights.layers):
            queries, keys, values = network.queries_keys_values(layer, hidden, rotations)
            self._own_keys[index][:, :, self._own] = keys
            self._own_values[index][:, :, self._own] = values
            hidden = network.after_attention(layer, hidden, self._attend(index, queries))
        self._own += 1
        self._positions = (self._positions + 1).clamp(max=self._last_position)
        return network.head(self._weights, hidden)

    def _attend(self, layer: int, queries: Tensor) -> Tensor:
        """[B, h d] of queries [B, h, d]; the newest keys are those at `self._own`."""
        rows, heads, width = queries.shape
        kept = self._network.key_heads
        queries = queries.reshape(rows, kept, heads // kept, width)
        known = self._own + 1
        own_keys = self._own_keys[layer][:, :, :known]
        prefix = self._from_grid(
            torch.matmul(self._to_grid(queries), self._prefix_keys[layer]).add_(self._bias)
        )
        scores = torch.cat([prefix, queries @ own_keys.transpose(2, 3)], dim=-1)
        weights = torch.softmax(scores, dim=-1)
        seen = prefix.shape[-1]
        attended = weights[..., seen:] @ self._own_values[layer][:, :, :known]
        shared = self._to_grid(weights[..., :seen]) @ self._prefix_values[layer]
        return (attended + self._from_grid(shared)).reshape(rows, heads * width)

    def _to_grid(self, values: Tensor) -> Tensor:
        """
        [B, k, r, n] as [G, k, S r, n]: rows of one prompt together. Cells without a row hold a copy
        of another.
        """
        groups = self._groups
        if groups.size == 1:
            return values
        _, heads, repeats, width = values.shape
        grid = values if groups.padded is None else values[groups.padded]
        grid = grid.view(groups.count, groups.size, heads, repeats, width).transpose(1, 2)
        return grid.reshape(groups.count, heads, groups.size * repeats, width)

    def _from_grid(self, grid: Tensor) -> Tensor:
        groups = self._groups
        if groups.size == 1:
            return grid
        _, heads, cells, width = grid.shape
        repeats = cells // groups.size
        values = grid.view(groups.count, heads, groups.size, repeats, width).transpose(1, 2)
        values = values.reshape(groups.count * groups.size, heads, repeats, width)
        return values if groups.cells is None else values[groups.cells]

    def _grow(self) -> None:
        for caches in (self._own_keys, self._own_values):
            for layer, cache in enumerate(caches):
                caches[layer] = torch.cat([cache, torch.empty_like(cache)], dim=2)

    def keep(self, rows: list[int]) -> None:
        groups, self._group_of_row = remaining_groups(self._group_of_row, rows)
        self._lengths = [self._lengths[group] for group in groups]
        longest = max(self._lengths)
        row_index, group_index = torch.tensor(rows), torch.tensor(groups)
        for layer in range(len(self._weights.layers)):
            self._own_keys[layer] = self._own_keys[layer][row_index]
            self._own_values[layer] = self._own_values[layer][row_index]
            keys, values = self._prefix_keys[layer], self._prefix_values[layer]
            self._prefix_keys[layer] = keys[group_index, :, :, :longest]
            self._prefix_values[layer] = values[group_index, :, :longest]
        self._positions = self._positions[row_index]
        self._regroup()

    def _regroup(self) -> None:
        self._groups = Groups(self._group_of_row, len(self._lengths), torch.device("cpu"))
        lengths = torch.tensor(self._lengths)
        hidden = torch.arange(max(self._lengths)) >= lengths[:, None]
        # [G, 1, 1, P], added to scores: minus infinity where a shorter prompt is padded.
        bias = torch.zeros(hidden.shape).masked_fill(hidden, -torch.inf)
        self._bias = bias[:, None, None]
