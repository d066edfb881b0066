"""
Decoding on an NVIDIA GPU: a step of a model of many layers is a thousand small kernels, and
launching one from Python takes longer than running it. So the second step is captured in a CUDA
graph, which later steps replay.
"""

from __future__ import annotations

import contextlib

import torch
from torch import Tensor

from azr_engine.decoding import (
    DecodingBatch,
    logits_of_token,
    next_positions,
    prefill_parts,
)
from azr_engine.flash_prefix_cache import FlashPrefixCache
from azr_engine.policy import Policy
from azr_engine.prefix_cache import shared_prefix_attention

# A step reads all weights for any number of rows: below this many, fewer rows save no time, and
# capturing a new graph takes as long as a few dozen steps.
COMPACTED_ROWS = 128
COMPACTED_SHARE = 0.5


class GraphedDecoder:
    """As `SharedPrefixDecoder`. Logits are overwritten by the next step."""

    steps_between_checks = 8

    def __init__(self, policy: Policy, batch: DecodingBatch) -> None:
        self._policy = policy
        prompt_of_row = list(batch.prompt_of_row)
        lengths = [len(prompt) for prompt in batch.prompts]
        logits, prompts = _prefill(policy, batch)
        rows = torch.tensor(prompt_of_row, device=policy.device)
        self.first_logits = logits[rows]
        self._cache = FlashPrefixCache(prompts, lengths, prompt_of_row, batch.max_tokens)
        self._tokens = torch.zeros_like(rows)
        self._positions = torch.tensor(lengths, device=policy.device)[rows][:, None]
        self._warm = False
        self._graph: torch.cuda.CUDAGraph | None = None
        self._logits = self.first_logits

    def attending(self) -> contextlib.AbstractContextManager[None]:
        return shared_prefix_attention(self._policy.network, self._cache)

    def step(self, tokens: Tensor) -> Tensor:
        self._tokens.copy_(tokens)
        if not self._warm or self._policy.device.type != "cuda":
            # The first step warms up: libraries allocate workspaces, which must not be captured.
            self._warm = True
            return self._forward()
        if self._graph is None:
            self._graph = self._capture()
        self._graph.replay()
        return self._logits

    def _forward(self) -> Tensor:
        self._cache.advance()
        logits = logits_of_token(self._policy, self._cache, self._tokens, self._positions)
        self._positions.copy_(next_positions(self._policy, self._positions))
        return logits

    def _capture(self) -> torch.cuda.CUDAGraph:
        """Records a step without running it. `torch.cuda.graph` would also empty all caches."""
        graph = torch.cuda.CUDAGraph()
        usual = torch.cuda.current_stream()
        stream = torch.cuda.Stream()
        stream.wait_stream(usual)
        with torch.cuda.stream(stream):
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                self._logits = self._forward()
            except BaseException:
                # The broken capture must not hide the first error, such as out of memory.
                with contextlib.suppress(RuntimeError):
                    graph.capture_end()
                raise
            graph.capture_end()
        usual.wait_stream(stream)
        return graph

    def keep(self, rows: list[int]) -> None:
        index = torch.tensor(rows, device=self._policy.device)
        self._graph = None
        self._cache.keep(rows)
        self._tokens = self._tokens[index]
        self._positions = self._positions[index]

    def is_worth_compacting(self, rows: int, running: int) -> bool:
        return rows > COMPACTED_ROWS and running <= COMPACTED_SHARE * rows


def _prefill(policy: Policy, batch: DecodingBatch) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Logits [G, V] after each prompt; per layer, keys and values [T, h, d] of all, in order."""
    lengths = [len(prompt) for prompt in batch.prompts]
    starts = torch.tensor([0, *lengths]).cumsum(0)
    logits: Tensor | None = None
    prompts: list[tuple[Tensor, Tensor]] = []
    for part, part_logits, layers in prefill_parts(policy, batch.prompts):
        if logits is None:
            logits = part_logits.new_empty(len(lengths), part_logits.shape[1])
            prompts = [_storage(keys, int(starts[-1])) for keys, _ in layers]
        logits[torch.tensor(part, device=policy.device)] = part_logits
        rows, columns, places = (
            torch.cat(pieces).to(policy.device)
            for pieces in zip(
                *(
                    (
                        torch.full((lengths[prompt],), row),
                        torch.arange(lengths[prompt]),
                        starts[prompt] + torch.arange(lengths[prompt]),
                    )
                    for row, prompt in enumerate(part)
                ),
                strict=True,
            )
        )
        for (all_keys, all_values), (keys, values) in zip(prompts, layers, strict=True):
            all_keys[places] = keys.transpose(1, 2)[rows, columns]
            all_values[places] = values.transpose(1, 2)[rows, columns]
    assert logits is not None
    return logits, prompts


def _storage(keys: Tensor, tokens: int) -> tuple[Tensor, Tensor]:
    _, heads, _, width = keys.shape
    storage = keys.new_empty(tokens, heads, width)
    return storage, torch.empty_like(storage)
