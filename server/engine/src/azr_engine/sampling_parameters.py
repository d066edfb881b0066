"""How tokens are drawn, as the dialect asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

# Of a model under training: its weights as they are, or their moving average.
SampledWeights = Literal["trained", "average"]


@dataclass(frozen=True)
class SamplingParameters:
    """`seed` None draws from the server's own random stream."""

    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop_tokens: tuple[int, ...] = ()


def draw_tokens(
    logits: Tensor, uniform: Tensor, temperature: float, top_p: float
) -> tuple[Tensor, Tensor]:
    """
    One token per row of logits [B, V] by inverting the cumulative distribution at `uniform` [B] in
    [0, 1), so a row's choice depends on its own number only, whatever else is in the batch.
    Temperature 0 takes the most probable token. Returns tokens [B] and their log-probabilities [B]
    in float32 in the distribution they were drawn from, but for what `top_p` cut off, and at
    temperature 1 where the most probable ones were taken: the number a trainer can recompute.
    """
    scaled = logits.float() if temperature in (0, 1) else logits.float() / temperature
    log_probs = torch.log_softmax(scaled, dim=-1)
    if temperature == 0:
        tokens = log_probs.argmax(dim=-1)
    else:
        # float64 keeps the tail of a large vocabulary exact; MPS has none.
        exact = torch.float32 if logits.device.type == "mps" else torch.float64
        probabilities = torch.softmax(log_probs.to(exact), dim=-1)
        if top_p < 1:
            probabilities = _nucleus(probabilities, top_p)
        cumulative = probabilities.cumsum(dim=-1)
        total = cumulative[:, -1:]
        threshold = uniform.to(exact)[:, None] * total
        # Rounding must not reach the total: the first token past it would have probability 0.
        below_total = torch.nextafter(total, torch.zeros_like(total))
        tokens = torch.searchsorted(cumulative, torch.minimum(threshold, below_total), right=True)[
            :, 0
        ]
    return tokens, log_probs.gather(1, tokens[:, None])[:, 0]


def _nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """Zeroes all but the smallest set of most probable tokens whose probability reaches `top_p`."""
    descending, order = probabilities.sort(dim=-1, descending=True, stable=True)
    before = descending.cumsum(dim=-1) - descending
    return torch.zeros_like(probabilities).scatter(1, order, descending * (before < top_p))
