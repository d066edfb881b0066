"""
Tests which fast paths are exact for a loaded model. Every path is compared with plain forward
passes, right-padded or unpadded, on random tokens, at the beginning of the model's context and far
into it. A path that differs, or that the model refuses, is not used, and the log says so.
"""

from __future__ import annotations

import functools
import logging
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from azr_engine.compact_decoding import CompactDecoder
from azr_engine.decoding import Decoder, DecodingBatch, PaddedDecoder, SharedPrefixDecoder
from azr_engine.graphed_decoding import GraphedDecoder
from azr_engine.packing import (
    MicroBatch,
    MicroBatchLimits,
    TrainingSequence,
    pack,
    places_in_one_list,
)
from azr_engine.policy import Policy
from azr_engine.sampling import DecodingKind

logger = logging.getLogger("azr_engine")

# Tokens of this probability, by either way, are compared; rarer ones are hardly ever sampled,
# and their log-probability is a small difference of large numbers.
LIKELY = 1e-3
# The largest difference of their log-probabilities that is taken for rounding, and the largest mean
# divergence KL(plain || fast) over positions, by computing precision. Measured: 1e-5 and 1e-7 in
# float32, 0.17 and 0.003 in bfloat16; by a rotary embedding one position off far into the context,
# 4 and 0.04.
LARGEST_DIFFERENCE = {torch.float32: 2e-4, torch.bfloat16: 0.3}
LARGEST_DIVERGENCE = {torch.float32: 1e-6, torch.bfloat16: 0.01}
# Eight bits of a bfloat16 are kept, so that a difference grows with the logits: by units in the
# last place of their range (measured: 3.7).
BFLOAT16_UNIT = 2.0**-8
UNITS_OF_ROUNDING = 4
# Of a gradient, relative to the largest in its tensor.
LARGEST_GRADIENT_DIFFERENCE = 1e-3
# Length of the long prompt of a comparison, unless the context is shorter or three rows of it would
# take a CPU more than these FLOPs, which are a second or two.
LONG_PROMPT = 512
SHORTEST_LONG_PROMPT = 24
CPU_FLOPS = 1e11
# The same where gradients are compared; decoding tests the later positions too.
LONG_PROMPT_IN_TRAINING = 128
STEPS = 6
FORCED_SHARING_COST = 1e12
DecoderKind = (
    type[GraphedDecoder] | type[CompactDecoder] | type[SharedPrefixDecoder] | type[PaddedDecoder]
)


@dataclass(frozen=True)
class FastPaths:
    """Which are exact in training; decoding is tested on the policy that is sampled."""

    shared_prompt_training: bool
    chunked_head: bool
    # Whether `compact_network.py` computes it, gradients included.
    compact: bool = False


class Tokens:
    """Random ones of a policy's vocabulary; seeded, so that the answer is repeatable."""

    def __init__(self, policy: Policy) -> None:
        self._stream = random.Random(0)
        self._vocabulary = policy.vocabulary_size()

    def take(self, count: int) -> list[int]:
        return [self._stream.randrange(self._vocabulary) for _ in range(count)]


def probe(policy: Policy) -> FastPaths:
    """Tests the paths of training."""
    tokens = Tokens(policy)
    prompts = [tokens.take(5), tokens.take(9)]
    pairs = [(prompts[1], tokens.take(4)) for _ in range(3)]
    long = (tokens.take(min(LONG_PROMPT_IN_TRAINING, _long_prompt(policy))), tokens.take(4))
    with torch.inference_mode():
        plain = torch.cat([_plain(policy, *pair) for pair in pairs])
        packed = policy.attends_everywhere() and _agrees(
            policy, "shared prompts in training", lambda: _packed(policy, pairs), plain
        )
        prompt = torch.tensor([prompts[0]], device=policy.device)
        place = torch.tensor([0]), torch.tensor([-1])
        chunked = _agrees(
            policy,
            "the output head in chunks",
            lambda: _log_probs(policy.head(policy.selected_hidden(prompt, *place))),
            _log_probs(policy.selected_logits(prompt, *place)),
        )
    return FastPaths(packed, chunked, _trains_compactly(policy, [*pairs, long], packed))


@torch.inference_mode()
def probe_decoding(policy: Policy) -> DecodingKind:
    """The fastest exact way of decoding; that of a sampling copy may differ from its model's."""
    tokens = Tokens(policy)
    prompts = [tokens.take(length) for length in (5, 9, _long_prompt(policy))]
    completions = [tokens.take(STEPS) for _ in range(4)]
    expected = _decoded(policy, PaddedDecoder, prompts, completions)
    fastest: list[tuple[DecodingKind, DecoderKind]] = [("shared-prefix", SharedPrefixDecoder)]
    if policy.device.type == "cuda":
        fastest.insert(0, ("graphed", GraphedDecoder))
    elif policy.compact[0] is not None:
        fastest.insert(0, ("compact", CompactDecoder))
    for name, kind in fastest:
        attempt = functools.partial(_decoded, policy, kind, prompts, completions)
        if _agrees(policy, f"{name} decoding", attempt, expected):
            return name
    return "padded"


def agree(computed: torch.dtype, expected: Tensor, actual: Tensor) -> bool:
    """
    Whether log-probabilities [..., V] that were computed in this type differ by rounding alone.
    Only tokens that may be sampled are compared one by one: those of rare ones may differ much
    without a defect.
    """
    plain, fast = expected.double(), actual.double()
    likely = torch.maximum(plain, fast) > math.log(LIKELY)
    difference = float((plain - fast).abs()[likely].max())
    divergence = float((plain.exp() * (plain - fast)).sum(-1).mean())
    largest = LARGEST_DIFFERENCE[computed]
    if computed == torch.bfloat16:
        logits = float((plain.amax(-1) - plain.amin(-1)).max())
        largest = max(largest, UNITS_OF_ROUNDING * BFLOAT16_UNIT * logits)
    # Comparisons with NaN are false, so that it counts as a difference.
    return difference <= largest and divergence <= LARGEST_DIVERGENCE[computed]


def _agrees(policy: Policy, what: str, attempt: Callable[[], Tensor], expected: Tensor) -> bool:
    """False after any exception: the code of a model may refuse a path by whatever fails in it."""
    try:
        actual = attempt()
    except Exception as error:
        logger.info("Not using %s: %s", what, error)
        return False
    if agree(policy.numbers.computed, expected, actual):
        return True
    logger.warning("Not using %s: it differs from plain forward passes", what)
    return False


def _long_prompt(policy: Policy) -> int:
    length = LONG_PROMPT
    if policy.device.type == "cpu":
        affordable = CPU_FLOPS / (3 * 2.0 * policy.parameter_count())
        length = max(SHORTEST_LONG_PROMPT, min(length, int(affordable)))
    context = policy.context_tokens
    return max(1, min(length, context - STEPS - 2)) if context else length


def _log_probs(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits.float(), dim=-1)


def _decoded(
    policy: Policy,
    kind: DecoderKind,
    prompts: list[list[int]],
    completions: list[list[int]],
) -> Tensor:
    """Log-probabilities [T, 3, V] of feeding given completions, with one row dropped on the way."""
    decoder: Decoder = kind(policy, DecodingBatch(prompts, [0, 1, 1, 2], STEPS + 2))
    rows = torch.tensor(completions, device=policy.device)
    collected = [decoder.first_logits[1:]]
    with decoder.attending():
        for step in range(3):
            collected.append(decoder.step(rows[:, step])[1:].clone())
        decoder.keep([1, 2, 3])
        for step in range(3, rows.shape[1]):
            collected.append(decoder.step(rows[1:, step]).clone())
    return _log_probs(torch.stack(collected))


def _plain(policy: Policy, prompt: list[int], completion: list[int]) -> Tensor:
    """Log-probabilities [T, V] of a completion, alone in its row."""
    inputs = torch.tensor([prompt + completion[:-1]], device=policy.device)
    columns = torch.arange(len(prompt) - 1, inputs.shape[1], device=policy.device)
    return _log_probs(policy.selected_logits(inputs, torch.zeros_like(columns), columns))


def _batches(
    policy: Policy, pairs: list[tuple[list[int], list[int]]], share: bool
) -> list[MicroBatch]:
    """Completions of one prompt in one row, where `share` allows it."""
    sequences: list[TrainingSequence] = []
    for prompt, completion in pairs:
        inputs = prompt + completion[:-1]
        zeros = [0.0] * len(inputs)
        targets = prompt[1:] + completion
        sequences.append(TrainingSequence(inputs, targets, len(prompt) - 1, zeros, zeros, zeros))
    cost = policy.compute_cost()
    sharing = type(cost)(FORCED_SHARING_COST, cost.per_pair)
    return pack(sequences, sharing, MicroBatchLimits(), share)


def _packed(policy: Policy, pairs: list[tuple[list[int], list[int]]]) -> Tensor:
    (batch,) = _batches(policy, pairs, share=True)
    assert batch.mask is not None and batch.positions is not None
    logits = policy.selected_logits(
        batch.inputs.to(policy.device),
        batch.rows.to(policy.device),
        batch.columns.to(policy.device),
        attention_mask=batch.mask.to(policy.device),
        position_ids=batch.positions.to(policy.device),
    )
    return _log_probs(logits)


def _trains_compactly(
    policy: Policy, pairs: list[tuple[list[int], list[int]]], share: bool
) -> bool:
    """Compares log-probabilities, and the gradients of a sum that weighs them at random."""
    network, reason = policy.compact
    if network is None:
        logger.info("Not using the compact network: %s", reason)
        return False
    batches = _batches(policy, pairs, share)
    order = [member for batch in batches for member in batch.members]
    parameters = [parameter for _, parameter in policy.trainable_parameters()]

    def gradients(log_probs: Tensor) -> list[Tensor]:
        stream = torch.Generator().manual_seed(0)
        weights = torch.randn(log_probs.shape, generator=stream) * log_probs.detach().exp()
        return list(torch.autograd.grad((log_probs * weights).sum(), parameters))

    with torch.enable_grad():
        expected = torch.cat([_plain(policy, *pairs[index]) for index in order])
        weights = network.weights()
        hidden = network.hidden(weights, batches, places_in_one_list(batches))
        actual = _log_probs(network.head(weights, hidden))
        if not _agrees(policy, "the compact network", lambda: actual.detach(), expected.detach()):
            return False
        if not parameters:
            return True
        for plain, fast in zip(gradients(expected), gradients(actual), strict=True):
            allowed = LARGEST_GRADIENT_DIFFERENCE * float(plain.abs().max())
            if not float((plain - fast).abs().max()) <= allowed:
                logger.warning("Not using the compact network: its gradients differ")
                return False
    return True
