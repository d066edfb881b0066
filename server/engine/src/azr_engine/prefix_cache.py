"""
A key-value cache for decoding groups: the keys and values of a prompt are stored once, and read
once per step for all of its completions, instead of being copied to each. Attention over [prompt,
completion] is computed in two parts, combined by their softmax normalisers, which is exact (the
"bifurcated attention" of Athiwaratkun et al. 2024, arXiv 2403.08845).

It replaces the attention function of a model for the duration of a decoding loop. Architectures
whose attention is more than scaled dot products (sliding windows, sinks, capped scores, position
biases) are refused by `UnsupportedAttentionError`; the sampler then uses the padded cache.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from transformers.cache_utils import Cache, CacheLayerMixin
from transformers.modeling_utils import AttentionInterface

ATTENTION_NAME = "azr_shared_prefix"
INITIAL_CAPACITY = 32
_EXTRAS = ("sliding_window", "softcap", "s_aux", "position_bias", "head_mask")


class UnsupportedAttentionError(Exception):
    """The model's attention is not a plain scaled dot product."""


class Groups:
    """
    Which row belongs to which prompt. Rows of a group are adjacent; `padded` lists, for a grid
    [groups, size], the row in each cell (unused cells repeat row 0), and `cells` the cell of each
    row. Both are None while all groups are full, when the grid is a plain reshape.
    """

    def __init__(self, group_of_row: list[int], count: int, device: torch.device) -> None:
        sizes = [0] * count
        cells: list[int] = []
        for group in group_of_row:
            cells.append(sizes[group])
            sizes[group] += 1
        self.count = count
        self.size = max(sizes)
        self.padded: Tensor | None = None
        self.cells: Tensor | None = None
        if min(sizes) < self.size:
            flat = [
                group * self.size + cell for group, cell in zip(group_of_row, cells, strict=True)
            ]
            padded = [0] * (count * self.size)
            for row, cell in enumerate(flat):
                padded[cell] = row
            self.padded = torch.tensor(padded, device=device)
            self.cells = torch.tensor(flat, device=device)


def remaining_groups(group_of_row: list[int], rows: list[int]) -> tuple[list[int], list[int]]:
    """Which groups these rows belong to, and where in that list the group of each row is."""
    remaining = [group_of_row[row] for row in rows]
    groups = sorted(set(remaining))
    place = {group: index for index, group in enumerate(groups)}
    return groups, [place[group] for group in remaining]


class SharedPrefixLayer(CacheLayerMixin):
    """One layer: prompt keys [G, h, d, P] and values [G, h, P, d]; own ones [B, h, capacity, d]."""

    is_sliding = False

    def __init__(self, prefix_keys: Tensor, prefix_values: Tensor, rows: int, maximum: int) -> None:
        super().__init__()
        self.prefix_keys = prefix_keys
        self.prefix_values = prefix_values
        self.maximum = maximum
        self.length = 0
        capacity = min(INITIAL_CAPACITY, maximum)
        _, heads, prompt, width = prefix_values.shape
        self.prompt_length = prompt
        self.own_keys = prefix_values.new_empty(rows, heads, capacity, width)
        self.own_values = torch.empty_like(self.own_keys)
        self.is_initialized = True

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        raise NotImplementedError("the layer is created with its storage")

    def update(
        self, key_states: Tensor, value_states: Tensor, *_args: Any, **_kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        if self.length == self.own_keys.shape[2]:
            self._grow()
        self.own_keys[:, :, self.length] = key_states[:, :, 0]
        self.own_values[:, :, self.length] = value_states[:, :, 0]
        self.length += 1
        return self.own_keys[:, :, : self.length], self.own_values[:, :, : self.length]

    def _grow(self) -> None:
        extra = min(self.length, self.maximum - self.length)
        rows, heads, _, width = self.own_keys.shape
        room = self.own_keys.new_empty(rows, heads, extra, width)
        self.own_keys = torch.cat([self.own_keys, room], dim=2)
        self.own_values = torch.cat([self.own_values, room], dim=2)

    def keep(self, rows: Tensor, groups: Tensor, prompt_length: int) -> None:
        """Drops all but these rows and groups, and the padding no remaining prompt needs."""
        self.own_keys = self.own_keys[rows]
        self.own_values = self.own_values[rows]
        self.prefix_keys = self.prefix_keys[groups, :, :, :prompt_length].contiguous()
        self.prefix_values = self.prefix_values[groups, :, :prompt_length].contiguous()
        self.prompt_length = prompt_length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.get_seq_length() + query_length, 0

    def get_seq_length(self) -> int:
        return self.prompt_length + self.length

    def get_max_length(self) -> int:
        return -1


class SharedPrefixCache(Cache):
    """All layers, the prompts' lengths [G] and which row belongs to which prompt."""

    def __init__(
        self,
        prefixes: list[tuple[Tensor, Tensor]],
        lengths: list[int],
        group_of_row: list[int],
        maximum: int,
    ) -> None:
        """`prefixes` holds keys [G, h, d, P] and values [G, h, P, d] of each layer."""
        rows = len(group_of_row)
        super().__init__(layers=[SharedPrefixLayer(k, v, rows, maximum) for k, v in prefixes])
        self.device = prefixes[0][1].device
        self.lengths = lengths
        self.group_of_row = group_of_row
        self._regroup()

    def keep(self, rows: list[int]) -> None:
        """Goes on with these rows only."""
        groups, self.group_of_row = remaining_groups(self.group_of_row, rows)
        self.lengths = [self.lengths[group] for group in groups]
        row_index = torch.tensor(rows, device=self.device)
        group_index = torch.tensor(groups, device=self.device)
        for layer in self.layers:
            assert isinstance(layer, SharedPrefixLayer)
            layer.keep(row_index, group_index, max(self.lengths))
        self._regroup()

    def _regroup(self) -> None:
        self.groups = Groups(self.group_of_row, len(self.lengths), self.device)
        lengths = torch.tensor(self.lengths, device=self.device)
        hidden = torch.arange(max(self.lengths), device=self.device) >= lengths[:, None]
        # [G, 1, 1, P], added to scores: minus infinity where a shorter prompt is padded.
        bias = torch.zeros(hidden.shape, device=self.device).masked_fill(hidden, -torch.inf)
        self.bias = bias[:, None, None]

    def attend(self, layer: CacheLayerMixin, query: Tensor, scaling: float) -> Tensor:
        """Attention of one query per row: query [B, H, 1, d], result [B, 1, H, d]."""
        assert isinstance(layer, SharedPrefixLayer)
        rows, query_heads, _, width = query.shape
        heads = layer.own_keys.shape[1]
        repeats = query_heads // heads
        query = query.reshape(rows, heads, repeats, width) * scaling
        own_scores = query @ layer.own_keys[:, :, : layer.length].transpose(2, 3)
        own_largest = own_scores.amax(dim=-1, keepdim=True)
        shared, shared_sum, shared_largest = self._attend_prefix(layer, query)
        largest = torch.maximum(own_largest, shared_largest)
        own_weights = torch.exp(own_scores - largest)
        rescale = torch.exp(shared_largest - largest)
        total = own_weights.sum(dim=-1, keepdim=True) + shared_sum * rescale
        own = own_weights.to(query.dtype) @ layer.own_values[:, :, : layer.length]
        return (
            ((own + shared * rescale) / total).reshape(rows, 1, query_heads, width).to(query.dtype)
        )

    def _attend_prefix(
        self, layer: SharedPrefixLayer, query: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Unnormalised output [B, h, r, d], its normaliser and its largest score [B, h, r, 1]."""
        groups, size = self.groups.count, self.groups.size
        rows, heads, repeats, width = query.shape
        grid = query if self.groups.padded is None else query[self.groups.padded]
        grid = grid.view(groups, size, heads, repeats, width).transpose(1, 2)
        grid = grid.reshape(groups, heads, size * repeats, width)
        scores = grid @ layer.prefix_keys + self.bias
        largest = scores.amax(dim=-1, keepdim=True)
        weights = torch.exp(scores - largest)
        output = weights.to(query.dtype) @ layer.prefix_values
        parts = torch.cat([output, weights.sum(dim=-1, keepdim=True), largest], dim=-1)
        parts = parts.view(groups, heads, size, repeats, width + 2).transpose(1, 2)
        parts = parts.reshape(groups * size, heads, repeats, width + 2)
        if self.groups.cells is not None:
            parts = parts[self.groups.cells]
        assert parts.shape[0] == rows
        return parts[..., :width], parts[..., width : width + 1], parts[..., width + 1 :]


class AttendingCache(Protocol):
    """A cache that computes the attention of the layers whose keys and values it holds."""

    layers: list[Any]

    def attend(self, layer: CacheLayerMixin, query: Tensor, scaling: float) -> Tensor: ...


_active: AttendingCache | None = None


def _shared_prefix_attention(
    module: nn.Module,
    query: Tensor,
    _key: Tensor,
    _value: Tensor,
    _attention_mask: Tensor | None,
    scaling: float | None = None,
    **extras: Any,
) -> tuple[Tensor, None]:
    """The function transformers calls for each layer; keys and values are in the cache."""
    if _active is None:
        raise UnsupportedAttentionError("decoding began outside shared_prefix_attention")
    if query.shape[2] != 1 or any(extras.get(name) is not None for name in _EXTRAS):
        raise UnsupportedAttentionError(f"{type(module).__name__} is not plain attention")
    layer = _active.layers[int(getattr(module, "layer_idx"))]  # noqa: B009 (nn.Module has no such field)
    return _active.attend(layer, query, scaling or query.shape[-1] ** -0.5), None


AttentionInterface.register(ATTENTION_NAME, _shared_prefix_attention)


@contextlib.contextmanager
def shared_prefix_attention(network: Any, cache: AttendingCache) -> Generator[None]:
    """Within it, the model's attention reads this cache. Only one thread may sample at a time."""
    global _active
    usual = network.config._attn_implementation
    network.set_attn_implementation(ATTENTION_NAME)
    _active = cache
    try:
        yield
    finally:
        _active = None
        network.set_attn_implementation(usual)
