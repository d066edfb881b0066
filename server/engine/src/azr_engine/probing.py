"""
Finds out, by trying, which of the fast paths are exact for a loaded model. Every path is compared
with plain right-padded or unpadded forward passes on a few random tokens; one that differs or is
refused by the model is not used, and the server says so in its capabilities.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from azr_engine.decoding import Decoder, DecodingBatch, PaddedDecoder, SharedPrefixDecoder
from azr_engine.graphed_decoding import GraphedDecoder
from azr_engine.packing import MicroBatchLimits, TrainingSequence, pack
from azr_engine.policy import Policy
from azr_engine.sampling import DecodingKind

# Differences of log-probabilities up to this are taken for rounding, by computing precision.
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.15}
# Eight bits of a bfloat16 are kept, so that rounding grows with the numbers: a path may differ by
# this many units in the last place of the largest log-probability, but by less than a single wrong
# token in a prompt makes (SmolLM2-135M: 0.4 to 0.7 by rounding, 4.7 to 7.8 by a wrong token).
BFLOAT16_UNIT = 2.0**-8
UNITS_OF_ROUNDING = 10
LARGEST_TOLERANCE = 2.0
FORCED_SHARING_COST = 1e12
DecoderKind = type[GraphedDecoder] | type[SharedPrefixDecoder] | type[PaddedDecoder]


@dataclass(frozen=True)
class FastPaths:
    """What of training is exact for this model; decoding is asked of the copy that is sampled."""

    shared_prompt_training: bool
    chunked_head: bool


@torch.inference_mode()
def probe(policy: Policy) -> FastPaths:
    """Tries those of training on short random sequences; seeded, so the answer is repeatable."""
    stream = random.Random(0)
    vocabulary = policy.vocabulary_size()

    def tokens(count: int) -> list[int]:
        return [stream.randrange(vocabulary) for _ in range(count)]

    prompts = [tokens(5), tokens(9)]
    completions = [tokens(4), tokens(4), tokens(4)]
    pairs = [(prompts[1], completion) for completion in completions]
    plain = torch.cat([_plain(policy, prompt, completion) for prompt, completion in pairs])
    packed = policy.attends_everywhere() and _agrees(policy, lambda: _packed(policy, pairs), plain)
    prompt = torch.tensor([prompts[0]], device=policy.device)
    chunked = _agrees(
        policy,
        lambda: policy.head(policy.selected_hidden(prompt, torch.tensor([0]), torch.tensor([-1]))),
        policy.selected_logits(prompt, torch.tensor([0]), torch.tensor([-1])),
    )
    return FastPaths(packed, chunked)


@torch.inference_mode()
def probe_decoding(policy: Policy) -> DecodingKind:
    """The fastest way that is exact; for a copy that is sampled it may differ from its model's."""
    stream = random.Random(0)
    vocabulary = policy.vocabulary_size()
    prompts = [[stream.randrange(vocabulary) for _ in range(length)] for length in (5, 9)]
    completions = [[stream.randrange(vocabulary) for _ in range(6)] for _ in range(3)]
    expected = _decoded(policy, PaddedDecoder, prompts, completions)
    fastest: list[tuple[DecodingKind, DecoderKind]] = [("shared-prefix", SharedPrefixDecoder)]
    if policy.device.type == "cuda":
        fastest.insert(0, ("graphed", GraphedDecoder))
    for name, kind in fastest:
        attempt = functools.partial(_decoded, policy, kind, prompts, completions)
        if _agrees(policy, attempt, expected):
            return name
    return "padded"


def rounding_tolerance(policy: Policy, expected: Tensor) -> float:
    """How much two exact ways of computing these log-probabilities (or logits) may differ."""
    least = TOLERANCE[policy.numbers.computed]
    if policy.numbers.computed == torch.float32:
        return least
    rounding = UNITS_OF_ROUNDING * BFLOAT16_UNIT * float(expected.abs().max())
    return min(LARGEST_TOLERANCE, max(least, rounding))


def _agrees(policy: Policy, attempt: Callable[[], Tensor], expected: Tensor) -> bool:
    """A model may refuse a path however its own code happens to fail: any exception is a no."""
    try:
        actual = attempt()
    except Exception:
        return False
    difference = (actual.float() - expected.float()).abs().max()
    return bool(difference <= rounding_tolerance(policy, expected))


def _decoded(
    policy: Policy,
    kind: DecoderKind,
    prompts: list[list[int]],
    completions: list[list[int]],
) -> Tensor:
    """Log-probabilities [T, 2, V] of feeding given completions, with one row dropped on the way."""
    decoder: Decoder = kind(policy, DecodingBatch(prompts, [0, 1, 1], 8))
    rows = torch.tensor(completions, device=policy.device)
    collected = [decoder.first_logits[1:]]
    for step in range(3):
        collected.append(decoder.step(rows[:, step])[1:].clone())
    decoder.keep([1, 2])
    for step in range(3, rows.shape[1]):
        collected.append(decoder.step(rows[1:, step]).clone())
    return torch.log_softmax(torch.stack(collected).float(), dim=-1)


def _plain(policy: Policy, prompt: list[int], completion: list[int]) -> Tensor:
    """Log-probabilities [T, V] of a completion, alone in its row."""
    inputs = torch.tensor([prompt + completion[:-1]], device=policy.device)
    columns = torch.arange(len(prompt) - 1, inputs.shape[1], device=policy.device)
    logits = policy.selected_logits(inputs, torch.zeros_like(columns), columns)
    return torch.log_softmax(logits.float(), dim=-1)


def _packed(policy: Policy, pairs: list[tuple[list[int], list[int]]]) -> Tensor:
    sequences: list[TrainingSequence] = []
    for prompt, completion in pairs:
        inputs = prompt + completion[:-1]
        zeros = [0.0] * len(inputs)
        targets = prompt[1:] + completion
        sequences.append(TrainingSequence(inputs, targets, len(prompt) - 1, zeros, zeros, zeros))
    cost = policy.compute_cost()
    (batch,) = pack(
        sequences,
        type(cost)(FORCED_SHARING_COST, cost.per_pair),
        MicroBatchLimits(),
        share_prompts=True,
    )
    assert batch.mask is not None and batch.positions is not None
    logits = policy.selected_logits(
        batch.inputs.to(policy.device),
        batch.rows.to(policy.device),
        batch.columns.to(policy.device),
        attention_mask=batch.mask.to(policy.device),
        position_ids=batch.positions.to(policy.device),
    )
    return torch.log_softmax(logits.float(), dim=-1)
