"""Gradients of token losses, accumulated over requests until a step of the optimizer takes them."""

from __future__ import annotations

import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from azr_engine.errors import EngineError, cancelled, invalid_request
from azr_engine.losses import LossSettings, TokenTargets, summed_loss, token_sums
from azr_engine.memory_mode import MemoryMode
from azr_engine.optimizers import AdamSettings, Optimizers
from azr_engine.out_of_memory import is_out_of_memory, release_memory
from azr_engine.packing import MicroBatch, MicroBatchLimits, TrainingSequence, join, pack
from azr_engine.policy import Policy
from azr_engine.probing import FastPaths
from azr_engine.scoring import TokenScorer, TokenScores
from azr_engine.seeding import seeded

logger = logging.getLogger("azr_engine")

# The overhead of one more micro-batch, in tokens: launching the operations of every layer, or of
# attention alone in the compact network, which computes all else for several batches together.
COMPACT_OVERHEAD = 32
GPU_OVERHEAD = 2048


@dataclass(frozen=True)
class SequenceScores:
    """Of each loss token of a sequence; the most probable ones in passes without gradients only."""

    log_probs: list[float]
    top_tokens: list[int]
    top_log_probs: list[float]


@dataclass(frozen=True)
class ForwardResult:
    """`log_probs[i][j]` belongs to target j of sequence i; targets before its start have 0."""

    log_probs: list[list[float]]
    metrics: dict[str, float]
    # Of the targets from each sequence's start on.
    scores: list[SequenceScores]


class Trainer:
    """
    `limits` is the token budget of one micro-batch: however much data a request has, it is split
    into micro-batches within the budget, whose gradients add up to those of the whole.
    """

    def __init__(
        self,
        policy: Policy,
        paths: FastPaths,
        limits: MicroBatchLimits | None = None,
        recompute_layers: bool = False,
    ) -> None:
        self.policy = policy
        self.paths = paths
        self.optimizers = Optimizers(policy)
        can_recompute = policy.can_recompute_layers()
        self.memory = MemoryMode(
            limits or MicroBatchLimits(),
            paths.shared_prompt_training,
            recompute_layers and can_recompute,
            can_recompute,
        )
        self._scorer = TokenScorer(policy, paths)
        # The micro-batches of the pass that runs, or failed.
        self._running: list[MicroBatch] = []
        # Steps taken, and gradient passes since the last one: the dropout of adapters follows from
        # them and the seed, so that a step repeated from a checkpoint drops the same.
        self.steps_taken = 0
        self._gradient_passes = 0

    def forward(
        self,
        sequences: Sequence[TrainingSequence],
        loss: LossSettings,
        backward: bool,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> ForwardResult:
        """
        Log-probabilities, metrics and, with `backward`, gradients added to those accumulated since
        the last step. Cancelling discards all accumulated gradients, since half of them would be a
        different objective. Where the device runs out of memory, the request starts over with half
        the micro-batch: its own gradients are discarded, those of earlier requests are not.
        """
        for sequence in sequences:
            self._check(sequence)
        earlier = self._set_gradients_aside()
        passes = self._gradient_passes
        retries = 0
        while True:
            self._gradient_passes = passes
            try:
                result = self._forward(sequences, loss, backward, is_cancelled)
                break
            except Exception as error:
                self.optimizers.discard_gradients()
                if not is_out_of_memory(error):
                    raise
                if not self.memory.use_less(self._running):
                    self._add_gradients(earlier)
                    raise
                logger.warning("Out of memory, retrying with %s: %s", self.memory, error)
            # Outside the handler, whose traceback would keep the tensors of the failed pass alive.
            retries += 1
            release_memory()
        self._add_gradients(earlier)
        metrics = {**result.metrics, "out_of_memory_retries:sum": float(retries)}
        return replace(result, metrics=metrics)

    def step(self, settings: AdamSettings) -> dict[str, float]:
        """One step on the accumulated gradients; returns its metrics."""
        norm = self.optimizers.step(settings)
        self.begin_step(self.steps_taken + 1)
        return {"grad_norm:mean": norm}

    def begin_step(self, steps_taken: int) -> None:
        """From here on, gradients belong to the step after `steps_taken` ones."""
        self.steps_taken = steps_taken
        self._gradient_passes = 0

    def run_pass(
        self,
        batches: list[MicroBatch],
        sequences: Sequence[TrainingSequence],
        loss: LossSettings,
        backward: bool,
        sums: defaultdict[str, float],
    ) -> list[SequenceScores]:
        """Loss and, with `backward`, gradients of one pass; scores per member."""
        members = [sequences[index] for index in _members(batches)]
        targets = TokenTargets.of(members, self.policy.device)
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.set_grad_enabled(backward))
            if backward:
                stack.enter_context(self.policy.gradient_pass(self.memory.recompute_layers))
                stack.enter_context(self._seeded_dropout())
                self._gradient_passes += 1
            scores = self._scorer.score(batches, members, loss, self._is_compact())
            log_probs, entropy = scores.log_probs, scores.entropy
            value = summed_loss(loss, log_probs, entropy, targets)
            if backward:
                value.backward()
        with torch.no_grad():
            for name, value_sum in token_sums(loss, log_probs, entropy, targets).items():
                sums[name] += value_sum
        sums["loss"] += value.item()
        sums["tokens"] += log_probs.numel()
        counts = [len(member.targets) - member.start for member in members]
        return _by_member(scores, counts)

    def _set_gradients_aside(self) -> list[Tensor | None]:
        parameters = [parameter for _, parameter in self.policy.trainable_parameters()]
        gradients = [parameter.grad for parameter in parameters]
        for parameter in parameters:
            parameter.grad = None
        return gradients

    def _add_gradients(self, earlier: list[Tensor | None]) -> None:
        parameters = self.policy.trainable_parameters()
        for (_, parameter), gradient in zip(parameters, earlier, strict=True):
            if gradient is not None and parameter.grad is not None:
                gradient += parameter.grad
            if gradient is not None:
                parameter.grad = gradient

    def _forward(
        self,
        sequences: Sequence[TrainingSequence],
        loss: LossSettings,
        backward: bool,
        is_cancelled: Callable[[], bool],
    ) -> ForwardResult:
        log_probs = [[0.0] * len(sequence.targets) for sequence in sequences]
        scores: dict[int, SequenceScores] = {}
        sums: defaultdict[str, float] = defaultdict(float)
        for batches in self._passes(sequences):
            if is_cancelled():
                raise cancelled()
            self._running = batches
            flat = self.run_pass(batches, sequences, loss, backward, sums)
            for member, values in zip(_members(batches), flat, strict=True):
                log_probs[member][sequences[member].start :] = values.log_probs
                scores[member] = values
        in_order = [scores[index] for index in range(len(sequences))]
        return ForwardResult(log_probs, _metrics(sums), in_order)

    def _passes(self, sequences: Sequence[TrainingSequence]) -> list[list[MicroBatch]]:
        """Micro-batches of each pass: one, but several at once for the compact network."""
        limits = self._limits()
        batches = pack(sequences, self.policy.compute_cost(), limits, self.memory.shares_prompts)
        return join(batches, limits) if self._is_compact() else [[batch] for batch in batches]

    def _is_compact(self) -> bool:
        return self.paths.compact and not self.memory.recompute_layers

    def _limits(self) -> MicroBatchLimits:
        """Where the head cannot be applied in chunks, micro-batches are small enough for one."""
        limits = self.memory.limits
        if self._is_compact():
            return replace(limits, overhead=COMPACT_OVERHEAD)
        if self.policy.device.type != "cpu":
            limits = replace(limits, overhead=GPU_OVERHEAD)
        if self.paths.chunked_head:
            return limits
        return replace(limits, tokens=min(limits.tokens, self._scorer.chunk()))

    def _seeded_dropout(self) -> contextlib.AbstractContextManager[None]:
        """Random numbers for this pass; the state of the global generator is left as it was."""
        lora = self.policy.lora
        if lora is None or lora.dropout == 0:
            return contextlib.nullcontext()
        place = (lora.seed, self.steps_taken, self._gradient_passes)
        return seeded(self.policy.device, "dropout", *place)

    def _check(self, sequence: TrainingSequence) -> None:
        vocabulary = self.policy.vocabulary_size()
        if not all(0 <= token < vocabulary for token in (*sequence.inputs, *sequence.targets)):
            raise invalid_request(f"A datum has a token outside 0..{vocabulary - 1}.")
        if self.policy.context_tokens and len(sequence.inputs) > self.policy.context_tokens:
            raise EngineError(
                "sequence_too_long",
                f"A datum of {len(sequence.inputs)} tokens exceeds the model's context of "
                f"{self.policy.context_tokens} tokens.",
                "Shorten the sequence or use a model with a longer context.",
            )


def _by_member(scores: TokenScores, counts: list[int]) -> list[SequenceScores]:
    """The scores of each of several sequences, which have `counts` loss tokens."""
    log_probs = [part.tolist() for part in scores.log_probs.detach().cpu().split(counts)]
    if not len(scores.top_tokens):
        return [SequenceScores(values, [], []) for values in log_probs]
    tokens = [part.tolist() for part in scores.top_tokens.cpu().split(counts)]
    tops = [part.tolist() for part in scores.top_log_probs.cpu().split(counts)]
    return list(map(SequenceScores, log_probs, tokens, tops))


def _members(batches: list[MicroBatch]) -> list[int]:
    return [member for batch in batches for member in batch.members]


def _metrics(sums: defaultdict[str, float]) -> dict[str, float]:
    """
    Metric names end in how several requests combine: add `:sum`, average `:mean` by tokens. The
    loss is a sum over tokens.
    """
    tokens = sums["tokens"]
    metrics = {"loss:sum": sums["loss"], "tokens:sum": tokens}
    for name in ("entropy", "ratio", "kl_sampler_trainer", "clip_fraction"):
        if name in sums:
            metrics[f"{name}:mean"] = sums[name] / max(1.0, tokens)
    return metrics
