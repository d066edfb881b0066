"""
A Llama in as few operations as possible. A model of a few million weights spends most of a step on
the overhead of its operations, and on a dozen passes over small tensors where one would do; here

- the weights of queries, keys and values are fused into one matrix, those of gate and up into
  another; the weight of a norm is folded into the matrix that follows it, the scale of attention
  into the one of the queries;
- a rotary embedding is one complex product: the order of rows in a matrix puts pairs of a query or
  key that are rotated together side by side, which leaves every dot product as it is;
- tokens of all batches are concatenated, so that only attention handles batches one by one.

Weights are read from the model's own parameters for every pass, and gradients flow back to them.
Other architectures are refused with `UnsupportedNetworkError`; a supported one is compared with
transformers (`probing.py`) before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.models.llama.modeling_llama import LlamaForCausalLM

# In larger models the overhead is small beside the products, and weights would be held twice.
MAXIMUM_PARAMETERS = 64_000_000
MAXIMUM_POSITIONS = 1 << 16
# Kinds of rotary embedding whose angles depend on the position alone.
STATIC_ROTATIONS = ("default", "linear", "llama3")


class UnsupportedNetworkError(Exception):
    """Why a model cannot be computed here, as the end of a sentence about it."""


class Rows(Protocol):
    """Rows of one padded length: `MicroBatch` is one, and so is a batch of prompts."""

    @property
    def inputs(self) -> Tensor:
        """[B, L]"""
        ...

    @property
    def positions(self) -> Tensor | None:
        """[B, L]; None where they count from 0."""
        ...

    @property
    def mask(self) -> Tensor | None:
        """[B, 1, L, L], True where a query may see a key; None for causal attention."""
        ...


@dataclass(frozen=True)
class LayerWeights:
    """Matrices [out, in]; `h` heads and `k` of keys and values, each of width `d`."""

    qkv: Tensor  # [(h + 2 k) d, H]
    out: Tensor  # [H, h d]
    gate_up: Tensor  # [2 I, H]
    down: Tensor  # [H, I]


@dataclass(frozen=True)
class NetworkWeights:
    embedding: Tensor  # [V, H]
    layers: list[LayerWeights]
    head: Tensor  # [V, H]


# Called with every layer's keys, after rotation, and values, each [T, k, d].
OnLayer = Callable[[int, Tensor, Tensor], None]


class CompactNetwork:
    """Of a causal LM of transformers, whose parameters it shares."""

    def __init__(self, network: nn.Module) -> None:
        """Throws UnsupportedNetworkError."""
        self.network: Any = network
        _check(network)
        first: Any = self.network.model.layers[0]
        config = self.network.config
        self.heads = int(config.num_attention_heads)
        self.key_heads = int(config.num_key_value_heads)
        self.width = int(first.self_attn.head_dim)
        self.scale = float(first.self_attn.scaling)
        self.epsilon = float(first.input_layernorm.variance_epsilon)
        self._hidden = int(config.hidden_size)
        # Its embedding gets no gradient as an input.
        self._padding_token: int | None = self.network.model.embed_tokens.padding_idx
        self.rotations = self._rotations(int(config.max_position_embeddings))

    @torch.no_grad()
    def _rotations(self, positions: int) -> Tensor:
        """[P, d / 2]: e^(i angle), the factor of each pair of a query or key at position P."""
        counted = torch.arange(positions)[None]
        cosines, sines = self.network.model.rotary_emb(torch.zeros(1), counted)
        half = self.width // 2
        return torch.complex(cosines[0, :, :half].float(), sines[0, :, :half].float())

    def weights(self) -> NetworkWeights:
        """The parameters as they are now; where gradients are on, they flow back."""
        model = self.network.model
        head: Tensor = self.network.get_output_embeddings().weight
        return NetworkWeights(
            model.embed_tokens.weight,
            [self._layer(layer) for layer in model.layers],
            head * model.norm.weight,
        )

    def _layer(self, layer: Any) -> LayerWeights:
        attention, mlp = layer.self_attn, layer.mlp
        before, between = layer.input_layernorm.weight, layer.post_attention_layernorm.weight
        qkv = torch.cat(
            [
                self._paired(attention.q_proj.weight) * self.scale,
                self._paired(attention.k_proj.weight),
                attention.v_proj.weight,
            ]
        )
        gate_up = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight])
        return LayerWeights(
            qkv * before, attention.o_proj.weight, gate_up * between, mlp.down_proj.weight
        )

    def _paired(self, weight: Tensor) -> Tensor:
        """Puts rows i and i + d / 2 of every head, which are rotated together, side by side."""
        halves = weight.view(-1, 2, self.width // 2, self._hidden)
        return halves.transpose(1, 2).reshape(-1, self._hidden)

    def norm(self, hidden: Tensor) -> Tensor:
        """Root mean square norm [T, H], without the weights that follow it."""
        return hidden * torch.rsqrt(hidden.square().mean(-1, keepdim=True) + self.epsilon)

    def queries_keys_values(
        self, layer: LayerWeights, hidden: Tensor, rotations: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[T, h, d], [T, k, d], [T, k, d] of hidden states [T, H] and rotations [T, 1, d / 2]."""
        joined = functional.linear(self.norm(hidden), layer.qkv)
        rotated_width = (self.heads + self.key_heads) * self.width
        pairs = joined[:, :rotated_width].view(len(hidden), -1, self.width // 2, 2)
        rotated = torch.view_as_real(torch.view_as_complex(pairs) * rotations).flatten(-2)
        values = joined[:, rotated_width:].view(len(hidden), self.key_heads, self.width)
        return rotated[:, : self.heads], rotated[:, self.heads :], values

    def after_attention(self, layer: LayerWeights, hidden: Tensor, attended: Tensor) -> Tensor:
        """The rest of a layer: hidden states [T, H] and what attention gave for them [T, h d]."""
        hidden = torch.addmm(hidden, attended, layer.out.T)
        gate, up = functional.linear(self.norm(hidden), layer.gate_up).chunk(2, dim=-1)
        return torch.addmm(hidden, functional.silu(gate) * up, layer.down.T)

    def hidden(
        self,
        weights: NetworkWeights,
        batches: Sequence[Rows],
        wanted: Tensor | None = None,
        on_layer: OnLayer | None = None,
    ) -> Tensor:
        """
        Final hidden states [T, H] of all tokens, one batch after the other, or of those that
        `wanted` [N] lists, for `head`.
        """
        tokens = torch.cat([batch.inputs.flatten() for batch in batches])
        rotations = self.rotations[torch.cat([_positions(batch) for batch in batches])][:, None]
        hidden = functional.embedding(tokens, weights.embedding, self._padding_token)
        last = len(weights.layers) - 1
        for index, layer in enumerate(weights.layers):
            parts = self.queries_keys_values(layer, hidden, rotations)
            if on_layer is not None:
                on_layer(index, parts[1], parts[2])
            attended = self._attend(batches, *parts)
            if index == last and wanted is not None:
                # From here on, every token is computed for itself.
                hidden, attended = hidden[wanted], attended[wanted]
            hidden = self.after_attention(layer, hidden, attended)
        return hidden

    def head(self, weights: NetworkWeights, hidden: Tensor) -> Tensor:
        """Logits [N, V] of final hidden states [N, H]."""
        return functional.linear(self.norm(hidden), weights.head)

    def _attend(
        self, batches: Sequence[Rows], queries: Tensor, keys: Tensor, values: Tensor
    ) -> Tensor:
        """[T, h d]: tokens of a row attend to each other as its batch says."""
        sizes = [batch.inputs.numel() for batch in batches]
        parts = zip(
            batches, queries.split(sizes), keys.split(sizes), values.split(sizes), strict=True
        )
        attended = [
            functional.scaled_dot_product_attention(
                *(part.unflatten(0, batch.inputs.shape).transpose(1, 2) for part in (q, k, v)),
                attn_mask=batch.mask,
                is_causal=batch.mask is None,
                scale=1.0,
                enable_gqa=self.key_heads < self.heads,
            )
            for batch, q, k, v in parts
        ]
        return torch.cat([part.transpose(1, 2).flatten(0, 1).flatten(1) for part in attended])


def _positions(batch: Rows) -> Tensor:
    if batch.positions is not None:
        return batch.positions.flatten()
    rows, length = batch.inputs.shape
    return torch.arange(length).repeat(rows)


def _check(network: nn.Module) -> None:
    if type(network) is not LlamaForCausalLM:
        raise UnsupportedNetworkError(f"it is a {type(network).__name__}")
    parameters = list(network.parameters())
    if any(p.device.type != "cpu" or p.dtype != torch.float32 for p in parameters):
        raise UnsupportedNetworkError("it is not in float32 on a CPU")
    if sum(parameter.numel() for parameter in parameters) > MAXIMUM_PARAMETERS:
        raise UnsupportedNetworkError(f"it has more than {MAXIMUM_PARAMETERS:,} weights")
    config = network.config
    if config.max_position_embeddings > MAXIMUM_POSITIONS:
        raise UnsupportedNetworkError(f"it has more than {MAXIMUM_POSITIONS:,} positions")
    if config.hidden_act != "silu":
        raise UnsupportedNetworkError(f"its activation is {config.hidden_act}")
    rotation = str(getattr(network.model.rotary_emb, "rope_type", "unknown"))
    if rotation not in STATIC_ROTATIONS:
        raise UnsupportedNetworkError(f"its rotary embedding is {rotation}")
    for name, module in network.named_modules():
        if not name.endswith("_proj"):
            continue
        if type(module) is not nn.Linear:
            raise UnsupportedNetworkError(f"its layer {name} is a {type(module).__name__}")
        if getattr(module, "bias", None) is not None:
            raise UnsupportedNetworkError(f"its layer {name} has a bias")


def try_compact(network: Any) -> tuple[CompactNetwork | None, str]:
    """The network in this form, or the reason why it has none."""
    try:
        return CompactNetwork(cast(nn.Module, network)), ""
    except UnsupportedNetworkError as error:
        return None, str(error)
