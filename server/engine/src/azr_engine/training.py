"""
Gradients of token losses, accumulated over requests, and optimizer steps. Only the positions that
predict completion tokens go through the output head, a chunk at a time, so that logits of a large
vocabulary never exist for a whole batch.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from azr_engine.averaging import WeightAverage
from azr_engine.errors import EngineError, cancelled, invalid_request
from azr_engine.losses import LossSettings, TokenTargets, summed_loss, token_sums
from azr_engine.muon import MuonWithAdamW
from azr_engine.out_of_memory import is_out_of_memory, release_memory
from azr_engine.packing import (
    MicroBatch,
    MicroBatchLimits,
    Row,
    TrainingSequence,
    count_batches,
    deal_rows,
    join,
    lay_out,
    places_in_one_list,
    plan_rows,
)
from azr_engine.policy import Policy
from azr_engine.probing import FastPaths
from azr_engine.ranks import ALONE, Ranks
from azr_engine.seeding import seeded
from azr_engine.sharding import Scorer, let_go, shard, whole

logger = logging.getLogger("azr_engine")

# Largest number of logits (positions times vocabulary) held at once.
CHUNK_LOGITS = 1 << 25
# What a micro-batch costs beside its tokens, in tokens: starting the operations of every layer, or
# of attention alone where all else is computed for several together.
COMPACT_OVERHEAD = 32
GPU_OVERHEAD = 2048
# What a pass adds up over tokens; which of them there are depends on the loss.
SUMS = ("loss", "tokens", "entropy", "ratio", "kl_sampler_trainer", "clip_fraction")


# `adamw` is the policy's own; `muon`, with what it keeps, stands beside it (muon.py).
OptimizerName = Literal["adamw", "muon"]


@dataclass(frozen=True)
class AdamSettings:
    """Of one step. Muon takes the rate, the decay and epsilon; its other numbers are its own."""

    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-12
    weight_decay: float = 0.0
    grad_clip_norm: float = 0.0
    # Of the moving average of the weights; 0 keeps none.
    average_decay: float = 0.0
    optimizer: OptimizerName = "adamw"


def optimizers_of(ranks: Ranks) -> tuple[OptimizerName, ...]:
    """Those that a step may ask for, where so many processes train."""
    return ("adamw", "muon") if ranks.size == 1 else ("adamw",)


@dataclass(frozen=True)
class ForwardResult:
    """`log_probs[i][j]` belongs to target j of sequence i; targets before its start have 0."""

    log_probs: list[list[float]]
    metrics: dict[str, float]


class Trainer:
    """
    `limits` is the token budget of one micro-batch: however much data a request has, it is cut into
    micro-batches within the budget, whose gradients add up to those of the whole.
    """

    def __init__(
        self,
        policy: Policy,
        paths: FastPaths,
        limits: MicroBatchLimits | None = None,
        recompute_layers: bool = False,
        ranks: Ranks = ALONE,
    ) -> None:
        """With several `ranks`, each has a trainer of the same model and calls the same methods."""
        self.policy = policy
        self.ranks = ranks
        self.paths = paths
        self.limits = limits or MicroBatchLimits()
        self.recompute_layers = recompute_layers and policy.can_recompute_layers()
        self._rows_apart = False
        # What is computed in one pass.
        self._running: list[MicroBatch] = []
        # Steps taken, and gradient micro-batches since the last one: what adapters drop out follows
        # from them and the seed, so that a step repeated from a checkpoint drops the same.
        self.steps_taken = 0
        self._gradient_passes = 0
        self.average: WeightAverage | None = None
        self._scorer = Scorer(policy.model, self._token_log_probs)
        if ranks.size > 1:
            shard(self._scorer, policy, ranks)
        self.optimizer = torch.optim.AdamW(
            [parameter for _, parameter in policy.trainable_parameters()],
            lr=0.0,
            fused=True,
        )
        # Of the steps that ask for it; made at the first of them.
        self.muon: MuonWithAdamW | None = None

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
                self.optimizer.zero_grad(set_to_none=True)
                # Other ranks would wait for this one's part of the layer that it failed in.
                if self.ranks.size > 1 or not is_out_of_memory(error):
                    raise
                if not self._use_less_memory():
                    self._add_gradients(earlier)
                    raise
                logger.warning("out of memory, going on with %s: %s", self._frugality(), error)
            # Outside the handler, whose traceback would keep the tensors of the failed pass alive.
            retries += 1
            release_memory()
        self._add_gradients(earlier)
        metrics = {**result.metrics, "out_of_memory_retries:sum": float(retries)}
        return ForwardResult(result.log_probs, metrics)

    def _set_gradients_aside(self) -> list[Tensor | None]:
        parameters = [parameter for _, parameter in self.policy.trainable_parameters()]
        gradients = [parameter.grad for parameter in parameters]
        for parameter in parameters:
            parameter.grad = None
        return gradients

    def _add_gradients(self, earlier: list[Tensor | None]) -> None:
        for (_, parameter), gradient in zip(
            self.policy.trainable_parameters(), earlier, strict=True
        ):
            if gradient is not None and parameter.grad is not None:
                gradient += parameter.grad
            if gradient is not None:
                parameter.grad = gradient

    def _use_less_memory(self) -> bool:
        """
        After a micro-batch that was too large: half of it where it held several rows, else
        completions of a shared prompt apart, else layers computed twice. It stays so for the
        requests to come. False when nothing is left to give up.
        """
        running = self._running
        if sum(len(batch.inputs) for batch in running) > 1:
            tokens = sum(batch.inputs.numel() for batch in running)
            self.limits = replace(self.limits, tokens=tokens // 2)
        elif any(batch.mask is not None for batch in running):
            self._rows_apart = True
        elif not self.recompute_layers and self.policy.can_recompute_layers():
            self.recompute_layers = True
        else:
            return False
        return True

    def _frugality(self) -> str:
        layers = "computed twice" if self.recompute_layers else "kept"
        rows = "apart" if self._rows_apart else "shared"
        return f"micro-batches of {self.limits.tokens} tokens, layers {layers}, prompts {rows}"

    def _shares_prompts(self) -> bool:
        return self.paths.shared_prompt_training and not self._rows_apart

    def _forward(
        self,
        sequences: Sequence[TrainingSequence],
        loss: LossSettings,
        backward: bool,
        is_cancelled: Callable[[], bool],
    ) -> ForwardResult:
        log_probs = [[0.0] * len(sequence.targets) for sequence in sequences]
        sums: defaultdict[str, float] = defaultdict(float)
        for batches in self._own_passes(sequences):
            if self.ranks.agree(is_cancelled()):
                raise cancelled()
            if not batches:
                self._keep_company(backward)
                continue
            self._running = batches
            flat = self.run_pass(batches, sequences, loss, backward, sums)
            for member, values in zip(_members(batches), flat, strict=True):
                log_probs[member][sequences[member].start :] = values
        return self._over_ranks(log_probs, sums)

    def _own_passes(self, sequences: Sequence[TrainingSequence]) -> list[list[MicroBatch]]:
        """
        The micro-batches of each of this rank's passes: one, but for the compact network, which
        takes several at once. As a layer's weights are put together by all ranks at once, all make
        the same number of passes: an empty one is needed by others and not by this rank.
        """
        cost, limits = self.policy.compute_cost(), self._limits()
        rows = plan_rows(sequences, cost, self._shares_prompts())
        dealt = deal_rows(rows, cost, self.ranks.size)
        passes = max(count_batches(part, limits) for part in dealt)
        own = lay_out(dealt[self.ranks.rank], sequences, limits)
        if self._is_compact():
            return join(own, limits)
        empty: list[list[MicroBatch]] = [[] for _ in range(passes - len(own))]
        return [*([batch] for batch in own), *empty]

    def _is_compact(self) -> bool:
        return self.paths.compact and not self.recompute_layers and self.ranks.size == 1

    def _keep_company(self, backward: bool) -> None:
        """A pass over a single token whose gradients are 0, while other ranks have work."""
        nothing = TrainingSequence([0], [0], 0, [0.0], [0.0], [0.0])
        (batch,) = lay_out([Row((0,), [0], 1)], [nothing], self.limits)
        with contextlib.ExitStack() as stack:
            self._enter_pass(stack, backward)
            log_probs, _ = self._scorer([batch], [nothing], LossSettings("cross_entropy"))
            if backward:
                (log_probs.sum() * 0).backward()
        let_go(self._scorer)

    def _over_ranks(
        self, log_probs: list[list[float]], sums: defaultdict[str, float]
    ) -> ForwardResult:
        if self.ranks.size == 1:
            return ForwardResult(log_probs, _metrics(sums))
        known = [*(sums.get(name, 0.0) for name in SUMS), *(float(name in sums) for name in SUMS)]
        added = self.ranks.add_up(known)
        together: defaultdict[str, float] = defaultdict(float)
        for name, value, ranks in zip(SUMS, added[: len(SUMS)], added[len(SUMS) :], strict=True):
            if ranks > 0:
                together[name] = value
        # Each sequence was computed by one rank; the others have 0 for it.
        flat = iter(self.ranks.add_up([value for row in log_probs for value in row]))
        joined = [[next(flat) for _ in row] for row in log_probs]
        return ForwardResult(joined, _metrics(together))

    def _enter_pass(self, stack: contextlib.ExitStack, backward: bool) -> None:
        stack.enter_context(torch.set_grad_enabled(backward))
        if backward:
            stack.enter_context(self.policy.gradient_pass(self.recompute_layers))
            stack.enter_context(self._seeded_dropout())
            self._gradient_passes += 1

    def run_pass(
        self,
        batches: list[MicroBatch],
        sequences: Sequence[TrainingSequence],
        loss: LossSettings,
        backward: bool,
        sums: defaultdict[str, float],
    ) -> list[list[float]]:
        """Loss and, with `backward`, gradients of one pass; log-probabilities per member."""
        members = [sequences[index] for index in _members(batches)]
        targets = _token_targets(members, self.policy.device)
        with contextlib.ExitStack() as stack:
            self._enter_pass(stack, backward)
            log_probs, entropy = self._scorer(batches, members, loss)
            value = summed_loss(loss, log_probs, entropy, targets)
            if backward:
                value.backward()
        let_go(self._scorer)
        with torch.no_grad():
            for name, value_sum in token_sums(loss, log_probs, entropy, targets).items():
                sums[name] += value_sum
        sums["loss"] += value.item()
        sums["tokens"] += log_probs.numel()
        counts = [len(member.targets) - member.start for member in members]
        return [part.tolist() for part in log_probs.detach().cpu().split(counts)]

    def _seeded_dropout(self) -> contextlib.AbstractContextManager[None]:
        """Random numbers of this micro-batch alone; what others draw afterwards is unchanged."""
        lora = self.policy.lora
        if lora is None or lora.dropout == 0:
            return contextlib.nullcontext()
        place = (lora.seed, self.steps_taken, self.ranks.rank, self._gradient_passes)
        return seeded(self.policy.device, "dropout", *place)

    def _token_log_probs(
        self, batches: list[MicroBatch], members: list[TrainingSequence], loss: LossSettings
    ) -> tuple[Tensor, Tensor]:
        """
        Log-probability and entropy [N] of every loss token at the loss's temperature, in float32.
        The entropies have gradients where the loss has a bonus for them.
        """
        device = self.policy.device
        wanted = [token for member in members for token in member.targets[member.start :]]
        tokens = torch.tensor(wanted, device=device)
        if self._is_compact():
            return self._compact_log_probs(batches, tokens, loss)
        (batch,) = batches
        inputs, rows, columns = (
            part.to(device) for part in (batch.inputs, batch.rows, batch.columns)
        )
        forward: dict[str, Tensor | bool] = {"use_cache": False}
        if batch.mask is not None and batch.positions is not None:
            forward["attention_mask"] = batch.mask.to(device)
            forward["position_ids"] = batch.positions.to(device)
        chunk = self._chunk()
        if len(wanted) <= chunk or not self.paths.chunked_head:
            logits = self.policy.selected_logits(inputs, rows, columns, **forward)
            return _log_probs_and_entropy(logits, tokens, loss)
        hidden = self.policy.selected_hidden(inputs, rows, columns, **forward)
        parts = [
            self._head_chunk(self.policy.head, part_hidden, part_tokens, loss)
            for part_hidden, part_tokens in zip(
                hidden.split(chunk), tokens.split(chunk), strict=True
            )
        ]
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])

    def _compact_log_probs(
        self, batches: list[MicroBatch], tokens: Tensor, loss: LossSettings
    ) -> tuple[Tensor, Tensor]:
        network, reason = self.policy.compact
        assert network is not None, reason
        weights = network.weights()
        hidden = network.hidden(weights, batches, places_in_one_list(batches))
        chunk = self._chunk()
        if len(tokens) <= chunk:
            return _log_probs_and_entropy(network.head(weights, hidden), tokens, loss)
        parts = [
            self._head_chunk(functools.partial(network.head, weights), part, part_tokens, loss)
            for part, part_tokens in zip(hidden.split(chunk), tokens.split(chunk), strict=True)
        ]
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])

    def _chunk(self) -> int:
        """How many positions get logits at once."""
        return max(1, CHUNK_LOGITS // self.policy.vocabulary_size())

    def _limits(self) -> MicroBatchLimits:
        """Where the head cannot be applied in chunks, micro-batches are small enough for one."""
        overhead = self.limits.overhead
        if self._is_compact():
            overhead = COMPACT_OVERHEAD
        elif self.policy.device.type != "cpu":
            overhead = GPU_OVERHEAD
        limits = replace(self.limits, overhead=overhead)
        if self.paths.chunked_head or self._is_compact():
            return limits
        return replace(limits, tokens=min(limits.tokens, self._chunk()))

    def _head_chunk(
        self,
        head: Callable[[Tensor], Tensor],
        hidden: Tensor,
        tokens: Tensor,
        loss: LossSettings,
    ) -> tuple[Tensor, Tensor]:
        """Logits of one chunk, computed again in the backward pass instead of kept."""

        def compute(hidden: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
            return _log_probs_and_entropy(head(hidden), tokens, loss)

        result: tuple[Tensor, Tensor] = checkpoint(compute, hidden, tokens, use_reentrant=False)
        return result

    def step(self, adam: AdamSettings) -> dict[str, float]:
        """One step on the accumulated gradients, their global norm clipped if asked for."""
        if adam.optimizer not in optimizers_of(self.ranks):
            raise EngineError(
                "optimizer_not_over_ranks",
                "Muon needs whole weight matrices; each of several processes has a part of them.",
                "Train in one process (setting engineProcesses), or set goldOptimizer to adamw.",
            )
        parameters = [parameter for _, parameter in self.policy.trainable_parameters()]
        if all(parameter.grad is None for parameter in parameters):
            raise EngineError(
                "no_gradients",
                "optim_step was called with no gradients accumulated.",
                "Call forward_backward before optim_step.",
            )
        largest = adam.grad_clip_norm if adam.grad_clip_norm > 0 else float("inf")
        norm = whole(torch.nn.utils.clip_grad_norm_(parameters, largest)).item()
        if not torch.isfinite(torch.tensor(norm)):
            self.optimizer.zero_grad(set_to_none=True)
            raise EngineError(
                "gradient_not_finite",
                f"The gradient norm is {norm}; no step was taken and the gradients are discarded.",
                "Lower the learning rate, or look for infinite advantages or log-probabilities.",
            )
        if adam.optimizer == "muon":
            self.muon = self.muon or MuonWithAdamW(self.policy)
            self.muon.step(adam.learning_rate, adam.weight_decay, adam.epsilon)
        else:
            self._adam_step(adam)
        self.optimizer.zero_grad(set_to_none=True)
        self._keep_average(adam.average_decay)
        self.begin_step(self.steps_taken + 1)
        return {"grad_norm:mean": norm}

    def _adam_step(self, adam: AdamSettings) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = adam.learning_rate
            group["betas"] = (adam.beta1, adam.beta2)
            group["eps"] = adam.epsilon
            group["weight_decay"] = adam.weight_decay
        self.optimizer.step()

    def _keep_average(self, decay: float) -> None:
        if decay == 0:
            self.average = None
            return
        self.average = self.average or WeightAverage.empty(self.policy)
        self.average.add(self.policy, decay)

    def begin_step(self, steps_taken: int) -> None:
        """From here on, gradients belong to the step after `steps_taken` ones."""
        self.steps_taken = steps_taken
        self._gradient_passes = 0

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


def _members(batches: list[MicroBatch]) -> list[int]:
    return [member for batch in batches for member in batch.members]


def _log_probs_and_entropy(
    logits: Tensor, tokens: Tensor, loss: LossSettings
) -> tuple[Tensor, Tensor]:
    """Log-probability of `tokens` [N] under logits [N, V], and their entropy in nats, both [N]."""
    scaled = logits.float() if loss.temperature == 1 else logits.float() / loss.temperature
    log_probs = torch.log_softmax(scaled, dim=-1)
    # First what the backward pass needs: where a chunk is computed again, PyTorch stops after it.
    chosen = log_probs.gather(1, tokens[:, None])[:, 0]
    has_bonus = loss.entropy_coefficient > 0
    with contextlib.nullcontext() if has_bonus else torch.no_grad():
        entropy = _entropy(log_probs)
    return chosen, entropy


def _entropy(log_probs: Tensor) -> Tensor:
    """In nats, [N] of [N, V]. `torch.special.entr` has no gradient where a probability is 0."""
    return -(log_probs.exp() * log_probs).sum(dim=-1)


def _token_targets(members: list[TrainingSequence], device: torch.device) -> TokenTargets:
    def flat(values: list[list[float]]) -> Tensor:
        joined = [
            value
            for member, row in zip(members, values, strict=True)
            for value in row[member.start :]
        ]
        return torch.tensor(joined, dtype=torch.float32, device=device)

    return TokenTargets(
        flat([member.sampler_log_probs for member in members]),
        flat([member.advantages for member in members]),
        flat([member.weights for member in members]),
        flat([member.entropy_weights or [0.0] * len(member.targets) for member in members]),
    )


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
