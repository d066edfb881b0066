"""
Log-probabilities and entropies of the tokens that carry loss. Only the positions that predict
completion tokens go through the output head, a chunk at a time, so that logits of a large
vocabulary never exist for a whole batch.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from azr_engine.losses import LossSettings
from azr_engine.memory_plan import CHUNK_LOGITS
from azr_engine.packing import MicroBatch, TrainingSequence, places_in_one_list
from azr_engine.policy import Policy
from azr_engine.probing import FastPaths


class TokenScores(NamedTuple):
    """
    Of every loss token [N], in float32: its log-probability, the entropy in nats where it stands,
    and in passes without gradients the most probable token there and its log-probability.
    """

    log_probs: Tensor
    entropy: Tensor
    top_log_probs: Tensor
    top_tokens: Tensor


class TokenScorer:
    """Scores the micro-batches of one pass with the weights of one policy."""

    def __init__(self, policy: Policy, paths: FastPaths) -> None:
        self._policy = policy
        self._paths = paths

    def chunk(self) -> int:
        """How many positions get logits at once."""
        return max(1, CHUNK_LOGITS // self._policy.vocabulary_size())

    def score(
        self,
        batches: Sequence[MicroBatch],
        members: Sequence[TrainingSequence],
        loss: LossSettings,
        compact: bool,
    ) -> TokenScores:
        """
        Scores of every loss token of `members`, the sequences of the batches in their order, at the
        loss's temperature. The entropies have gradients where the loss has a bonus for them. Only
        the compact network takes more than one batch.
        """
        wanted = [token for member in members for token in member.targets[member.start :]]
        tokens = torch.tensor(wanted, device=self._policy.device)
        if compact:
            return self._score_compactly(batches, tokens, loss)
        (batch,) = batches
        return self._score_batch(batch, tokens, loss)

    def _score_batch(self, batch: MicroBatch, tokens: Tensor, loss: LossSettings) -> TokenScores:
        policy, device = self._policy, self._policy.device
        places = tuple(part.to(device) for part in (batch.inputs, batch.rows, batch.columns))
        forward: dict[str, Tensor | bool] = {"use_cache": False}
        if batch.mask is not None and batch.positions is not None:
            forward["attention_mask"] = batch.mask.to(device)
            forward["position_ids"] = batch.positions.to(device)
        if len(tokens) <= self.chunk() or not self._paths.chunked_head:
            return token_scores(policy.selected_logits(*places, **forward), tokens, loss)
        return self._in_chunks(
            policy.head, policy.selected_hidden(*places, **forward), tokens, loss
        )

    def _score_compactly(
        self, batches: Sequence[MicroBatch], tokens: Tensor, loss: LossSettings
    ) -> TokenScores:
        network, reason = self._policy.compact
        assert network is not None, reason
        weights = network.weights()
        hidden = network.hidden(weights, batches, places_in_one_list(batches))
        head = functools.partial(network.head, weights)
        if len(tokens) <= self.chunk():
            return token_scores(head(hidden), tokens, loss)
        return self._in_chunks(head, hidden, tokens, loss)

    def _in_chunks(
        self,
        head: Callable[[Tensor], Tensor],
        hidden: Tensor,
        tokens: Tensor,
        loss: LossSettings,
    ) -> TokenScores:
        """The logits of a chunk are computed again in the backward pass instead of kept."""

        def compute(hidden: Tensor, tokens: Tensor) -> TokenScores:
            return token_scores(head(hidden), tokens, loss)

        chunk = self.chunk()
        parts: list[TokenScores] = [
            checkpoint(compute, *part, use_reentrant=False)
            for part in zip(hidden.split(chunk), tokens.split(chunk), strict=True)
        ]
        return TokenScores(*(torch.cat(column) for column in zip(*parts, strict=True)))


def token_scores(logits: Tensor, tokens: Tensor, loss: LossSettings) -> TokenScores:
    """Scores of `tokens` [N] under logits [N, V]."""
    scaled = logits.float() if loss.temperature == 1 else logits.float() / loss.temperature
    log_probs = torch.log_softmax(scaled, dim=-1)
    # Before the entropy: where a chunk is recomputed, PyTorch stops after the backward pass has all
    # that it needs.
    chosen = log_probs.gather(1, tokens[:, None])[:, 0]
    has_bonus = loss.entropy_coefficient > 0
    with contextlib.nullcontext() if has_bonus else torch.no_grad():
        entropy = _entropy(log_probs)
    if torch.is_grad_enabled():
        nothing = log_probs.new_empty(0)
        return TokenScores(chosen, entropy, nothing, nothing)
    return TokenScores(chosen, entropy, *log_probs.max(dim=-1))


def _entropy(log_probs: Tensor) -> Tensor:
    """In nats, [N] of [N, V]. `torch.special.entr` has no gradient where a probability is 0."""
    return -(log_probs.exp() * log_probs).sum(dim=-1)
