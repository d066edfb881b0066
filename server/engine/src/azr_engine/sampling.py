"""
Samples groups of completions: each distinct prompt is computed once, all completions are decoded
together, and finished ones are dropped from the batch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from azr_engine.compact_decoding import CompactDecoder
from azr_engine.decoding import Decoder, DecodingBatch, PaddedDecoder, SharedPrefixDecoder
from azr_engine.errors import EngineError, cancelled, invalid_request
from azr_engine.graphed_decoding import GraphedDecoder
from azr_engine.memory_plan import CACHE_TOKENS
from azr_engine.out_of_memory import is_out_of_memory, release_memory
from azr_engine.policy import Policy
from azr_engine.sampling_parameters import SamplingParameters, draw_tokens

logger = logging.getLogger("azr_engine")

# Rows and the item that each belongs to.
OwnedBatch = tuple[DecodingBatch, list[int]]
DecodingKind = Literal["graphed", "compact", "shared-prefix", "padded"]

UNIFORM_BLOCK = 32
DECODERS: dict[DecodingKind, Callable[[Policy, DecodingBatch], Decoder]] = {
    "graphed": GraphedDecoder,
    "compact": CompactDecoder,
    "shared-prefix": SharedPrefixDecoder,
    "padded": PaddedDecoder,
}


@dataclass(frozen=True)
class SampleItem:
    prompt: tuple[int, ...]
    samples: int


@dataclass(frozen=True)
class SampledSequence:
    """Tokens, the ending one included, and their log-probabilities as `draw_tokens` gives them."""

    tokens: list[int]
    log_probs: list[float]
    stop_reason: Literal["stop", "length"]


def sample(
    policy: Policy,
    items: Sequence[SampleItem],
    parameters: SamplingParameters,
    kind: DecodingKind,
    is_cancelled: Callable[[], bool] = lambda: False,
    cache_tokens: int = CACHE_TOKENS,
) -> list[list[SampledSequence]]:
    """
    Completions of every item, in order. One seed gives the same completions of the same items on a
    CPU, whatever finishes when; each completion has its own stream of uniform numbers. At most
    `cache_tokens` are cached at once; a batch that runs out of memory is halved, and the results of
    the batches before it are kept.
    """
    check_items(policy, items)
    generator = torch.Generator()
    generator.manual_seed(seed_of(parameters))
    prompts: dict[tuple[int, ...], list[int]] = {}
    results: list[list[SampledSequence]] = [[] for _ in items]
    for index, item in enumerate(items):
        prompts.setdefault(item.prompt, []).extend([index] * item.samples)
    waiting = list(decoding_batches(prompts, parameters.max_tokens, cache_tokens))
    while waiting:
        batch, owners = waiting.pop(0)
        halves: list[OwnedBatch] = []
        try:
            loop = DecodingLoop(policy, batch, parameters, generator, kind, is_cancelled)
            for owner, sequence in zip(owners, loop.run(), strict=True):
                results[owner].append(sequence)
        except Exception as error:
            halves = _halves(batch, owners)
            if not is_out_of_memory(error) or len(halves) < 2:
                raise
            logger.warning("Out of memory with %d rows, halving the batch: %s", len(owners), error)
        if halves:
            # Outside the handler, whose traceback would keep the batch's cache alive.
            release_memory()
            waiting = halves + waiting
    return results


def _halves(batch: DecodingBatch, owners: list[int]) -> list[OwnedBatch]:
    middle = len(owners) // 2
    parts = [(0, middle), (middle, len(owners))] if middle > 0 else [(0, len(owners))]
    halves: list[OwnedBatch] = []
    for begin, end in parts:
        used = batch.prompt_of_row[begin:end]
        prompts = batch.prompts[used[0] : used[-1] + 1]
        rows = [prompt - used[0] for prompt in used]
        halves.append((DecodingBatch(prompts, rows, batch.max_tokens), owners[begin:end]))
    return halves


def seed_of(parameters: SamplingParameters) -> int:
    """The request's own, else one drawn from the server's random stream."""
    if parameters.seed is not None:
        return parameters.seed
    return int(torch.randint(0, 2**62, ()).item())


def check_items(policy: Policy, items: Sequence[SampleItem]) -> None:
    """Throws an EngineError about the first item that the model cannot continue."""
    for item in items:
        _check(policy, item)


def completion_limit(policy: Policy, prompt_tokens: int, wanted: int) -> int:
    """How many tokens a completion may have within the model's context."""
    context = policy.context_tokens
    return min(wanted, context - prompt_tokens) if context else wanted


def ending_tokens(policy: Policy, parameters: SamplingParameters) -> list[int]:
    return sorted({*policy.end_tokens, *parameters.stop_tokens})


def _check(policy: Policy, item: SampleItem) -> None:
    if not item.prompt or item.samples < 1:
        raise invalid_request(
            "A sample needs a prompt of at least one token and at least one sample."
        )
    vocabulary = policy.vocabulary_size()
    if not all(0 <= token < vocabulary for token in item.prompt):
        raise invalid_request(f"A prompt has a token outside 0..{vocabulary - 1}.")
    if policy.context_tokens and len(item.prompt) >= policy.context_tokens:
        raise EngineError(
            "prompt_too_long",
            f"A prompt of {len(item.prompt)} tokens leaves no room in the model's context of "
            f"{policy.context_tokens} tokens.",
            "Shorten the prompt or use a model with a longer context.",
        )


def decoding_batches(
    prompts: dict[tuple[int, ...], list[int]], max_tokens: int, cache_tokens: int
) -> Iterator[OwnedBatch]:
    """Decoding batches within the cache budget, with the item that each row belongs to."""
    chosen: list[tuple[int, ...]] = []
    prompt_of_row: list[int] = []
    owners: list[int] = []
    cached = 0
    for prompt, rows in prompts.items():
        cached += len(prompt)
        chosen.append(prompt)
        for owner in rows:
            if prompt_of_row and cached + max_tokens > cache_tokens:
                yield DecodingBatch(chosen, prompt_of_row, max_tokens), owners
                chosen, prompt_of_row, owners, cached = [prompt], [], [], len(prompt)
            prompt_of_row.append(len(chosen) - 1)
            owners.append(owner)
            cached += max_tokens
    if prompt_of_row:
        yield DecodingBatch(chosen, prompt_of_row, max_tokens), owners


class DecodingLoop:
    """One decoding batch, from prompts to finished completions."""

    def __init__(
        self,
        policy: Policy,
        batch: DecodingBatch,
        parameters: SamplingParameters,
        generator: torch.Generator,
        kind: DecodingKind,
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._policy = policy
        self.batch = batch
        self._parameters = parameters
        self._generator = generator
        self._kind: DecodingKind = kind
        self._is_cancelled = is_cancelled
        count = len(batch.prompt_of_row)
        device = policy.device
        endings = ending_tokens(policy, parameters)
        self._endings = torch.tensor(endings, dtype=torch.long, device=device)
        self._limits = torch.tensor([self._limit(row) for row in range(count)], device=device)
        # The original row of each row still in the batch, and which of those have finished.
        self._rows = torch.arange(count, device=device)
        self._finished = torch.zeros(count, dtype=torch.bool, device=device)
        self._lengths = self._limits.clone()
        self._ended = torch.zeros(count, dtype=torch.bool, device=device)
        self._steps: list[tuple[Tensor, Tensor, Tensor]] = []
        self._uniform = torch.empty(0)

    def _limit(self, row: int) -> int:
        prompt = len(self.batch.prompts[self.batch.prompt_of_row[row]])
        return completion_limit(self._policy, prompt, self._parameters.max_tokens)

    @torch.inference_mode()
    def run(self) -> list[SampledSequence]:
        decoder = DECODERS[self._kind](self._policy, self.batch)
        with decoder.attending():
            self._decode(decoder)
        return self._collect()

    def _decode(self, decoder: Decoder) -> None:
        logits = decoder.first_logits
        for step in range(int(self._limits.max())):
            if self._is_cancelled():
                raise cancelled()
            tokens = self._draw(step, logits)
            if (step + 1) % decoder.steps_between_checks == 0:
                running = int((~self._finished).sum())
                if running == 0:
                    break
                if decoder.is_worth_compacting(len(self._rows), running):
                    kept = (~self._finished).nonzero()[:, 0]
                    decoder.keep(kept.tolist())
                    tokens, self._rows = tokens[kept], self._rows[kept]
                    self._finished = self._finished[kept]
            logits = decoder.step(tokens)

    def _draw(self, step: int, logits: Tensor) -> Tensor:
        """Draws a token for every row in the batch and notes which rows it finishes."""
        if step % UNIFORM_BLOCK == 0:
            shape = (UNIFORM_BLOCK, len(self._lengths))
            block = torch.rand(shape, generator=self._generator, dtype=torch.float64)
            on_mps = self._policy.device.type == "mps"
            self._uniform = (block.float() if on_mps else block).to(self._policy.device)
        uniform = self._uniform[step % UNIFORM_BLOCK, self._rows]
        parameters = self._parameters
        tokens, log_probs = draw_tokens(logits, uniform, parameters.temperature, parameters.top_p)
        self._steps.append((self._rows, tokens, log_probs))
        ending = (tokens[:, None] == self._endings).any(dim=1) & ~self._finished
        # Indices must not depend on values on the device, which the host would have to wait for.
        self._ended[self._rows] |= ending
        self._lengths[self._rows] = torch.where(ending, step + 1, self._lengths[self._rows])
        self._finished |= ending | (self._limits[self._rows] == step + 1)
        return tokens

    def _collect(self) -> list[SampledSequence]:
        count = len(self._lengths)
        device = self._policy.device
        all_tokens = torch.zeros(len(self._steps), count, dtype=torch.long, device=device)
        all_log_probs = torch.zeros(len(self._steps), count, device=device)
        for step, (rows, tokens, log_probs) in enumerate(self._steps):
            all_tokens[step, rows] = tokens
            all_log_probs[step, rows] = log_probs
        tokens_by_row = all_tokens.T.tolist()
        log_probs_by_row = all_log_probs.T.tolist()
        return [
            SampledSequence(
                tokens_by_row[row][:length],
                log_probs_by_row[row][:length],
                "stop" if ended else "length",
            )
            for row, (length, ended) in enumerate(
                zip(self._lengths.tolist(), self._ended.tolist(), strict=True)
            )
        ]
