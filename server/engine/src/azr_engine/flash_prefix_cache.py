"""
A key-value cache for decoding groups on an NVIDIA GPU, whose tensors keep shape and address from
step to step, so that a step can be captured in a CUDA graph. As in prefix_cache.py, a prompt is
stored once and attention is computed in two parts; here each part is one call of the flash
attention that ships with torch (Dao 2023, arXiv 2307.08691), which also returns the log-sum-exp of
the scores. The length of a row is a number on the device, not a shape.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

from azr_engine.prefix_cache import UnsupportedAttentionError, remaining_groups


def flash_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    spans: tuple[Tensor, Tensor],
    longest: tuple[int, int],
    scaling: float,
    used: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """
    Attention of query [N, H, d] over keys and values [M, h, d] of packed sequences: the queries of
    sequence i lie between spans[0][i] and spans[0][i + 1] and see its keys, which lie likewise in
    spans[1], or the first used[i] of these. Returns [N, H, d] and the log-sum-exp [H, N], float32.
    """
    output, log_sum_exp, *_ = torch.ops.aten._flash_attention_forward(
        query,
        keys,
        values,
        *spans,
        *longest,
        0.0,  # dropout
        False,  # causal
        False,  # return the mask
        scale=scaling,
        seqused_k=used,
    )
    return output, log_sum_exp


class FlashPrefixLayer(CacheLayerMixin):
    """One layer: keys and values of all prompts [T, h, d], and of the rows [B, capacity, h, d]."""

    is_sliding = False

    def __init__(
        self, prompt_keys: Tensor, prompt_values: Tensor, rows: int, capacity: int, place: Tensor
    ) -> None:
        """`place` [1] is the position in each row that the next token is written to."""
        super().__init__()
        self.prompt_keys = prompt_keys
        self.prompt_values = prompt_values
        self.own_keys = prompt_keys.new_zeros(rows, capacity, *prompt_keys.shape[1:])
        self.own_values = torch.zeros_like(self.own_keys)
        self._place = place
        self.is_initialized = True

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        raise NotImplementedError("the layer is created with its storage")

    def update(
        self, key_states: Tensor, value_states: Tensor, *_args: Any, **_kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        types = {key_states.dtype, value_states.dtype, self.own_keys.dtype}
        if len(types) > 1 or key_states.shape[2] != 1:
            raise UnsupportedAttentionError("keys are not those of one token in the cache's type")
        self.own_keys.index_copy_(1, self._place, key_states.transpose(1, 2))
        self.own_values.index_copy_(1, self._place, value_states.transpose(1, 2))
        return key_states, value_states

    def keep(self, rows: Tensor, tokens: Tensor) -> None:
        """Drops all but these rows, and all but these tokens of the prompts."""
        self.own_keys = self.own_keys[rows]
        self.own_values = self.own_values[rows]
        self.prompt_keys = self.prompt_keys[tokens]
        self.prompt_values = self.prompt_values[tokens]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return query_length, 0

    def get_seq_length(self) -> int:
        """Unknown here; the caller gives the model its positions."""
        return 0

    def get_max_length(self) -> int:
        return -1


class FlashPrefixCache(Cache):
    """All layers, and the offsets of prompts and rows in them. Rows of a prompt are adjacent."""

    def __init__(
        self,
        prompts: list[tuple[Tensor, Tensor]],
        lengths: list[int],
        prompt_of_row: list[int],
        capacity: int,
    ) -> None:
        """`prompts` holds keys and values [T, h, d] of each layer, one prompt after the other."""
        self.device = prompts[0][0].device
        self._place = torch.full((1,), -1, dtype=torch.long, device=self.device)
        rows = len(prompt_of_row)
        super().__init__(
            layers=[FlashPrefixLayer(k, v, rows, capacity, self._place) for k, v in prompts]
        )
        self._capacity = capacity
        self._lay_out(lengths, prompt_of_row)

    def _lay_out(self, lengths: list[int], prompt_of_row: list[int]) -> None:
        self._lengths = lengths
        self._prompt_of_row = prompt_of_row
        sizes = [prompt_of_row.count(prompt) for prompt in range(len(lengths))]
        rows = len(prompt_of_row)
        self._prompt_spans = self._span(sizes), self._span(lengths)
        self._longest_prompt = max(sizes), max(lengths)
        self._own_spans = self._span([1] * rows), self._span([self._capacity] * rows)
        self._written = (self._place + 1).int().repeat(rows)

    def _span(self, sizes: list[int]) -> Tensor:
        return torch.tensor([0, *accumulate(sizes)], dtype=torch.int32, device=self.device)

    def advance(self) -> None:
        """Advances by one token, before the model computes its keys."""
        self._place += 1
        self._written += 1

    def keep(self, rows: list[int]) -> None:
        """Goes on with these rows only."""
        prompts, prompt_of_row = remaining_groups(self._prompt_of_row, rows)
        starts = [0, *accumulate(self._lengths)]
        tokens = [
            token for prompt in prompts for token in range(starts[prompt], starts[prompt + 1])
        ]
        row_index = torch.tensor(rows, device=self.device)
        token_index = torch.tensor(tokens, device=self.device)
        for layer in self.layers:
            assert isinstance(layer, FlashPrefixLayer)
            layer.keep(row_index, token_index)
        self._lay_out([self._lengths[prompt] for prompt in prompts], prompt_of_row)

    def attend(self, layer: CacheLayerMixin, query: Tensor, scaling: float) -> Tensor:
        """Attention of one query per row: query [B, H, 1, d], result [B, 1, H, d]."""
        assert isinstance(layer, FlashPrefixLayer)
        queries = query[:, :, 0]
        shared, shared_sums = flash_attention(
            queries,
            layer.prompt_keys,
            layer.prompt_values,
            self._prompt_spans,
            self._longest_prompt,
            scaling,
        )
        own, own_sums = flash_attention(
            queries,
            layer.own_keys.flatten(0, 1),
            layer.own_values.flatten(0, 1),
            self._own_spans,
            (1, self._capacity),
            scaling,
            self._written,
        )
        # exp(own) / (exp(own) + exp(shared)), [H, B]: the share of the row's own tokens.
        share = torch.sigmoid(own_sums - shared_sums).T[:, :, None].to(own.dtype)
        return torch.lerp(shared, own, share)[:, None]
