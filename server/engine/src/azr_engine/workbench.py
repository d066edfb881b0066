"""
What computes: the models under training, what they are sampled with, and checkpoints of both. Only
the thread of the worker uses it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from azr_engine.adapters import LoraSettings
from azr_engine.averaging import WeightAverage
from azr_engine.checkpoints import CheckpointStore
from azr_engine.errors import EngineError
from azr_engine.losses import LossSettings
from azr_engine.memory_plan import MemoryPlan
from azr_engine.optimizers import AdamSettings
from azr_engine.packing import MicroBatchLimits, TrainingSequence
from azr_engine.policy import load_policy
from azr_engine.probing import probe
from azr_engine.sampler import Sampler
from azr_engine.sampling import SampledSequence, SampleItem
from azr_engine.sampling_copy import SamplingCopy
from azr_engine.sampling_parameters import SampledWeights, SamplingParameters
from azr_engine.training import ForwardResult, Trainer

MAXIMUM_FROZEN_MODELS = 2
IsCancelled = Callable[[], bool]


class TrainedPolicy:
    """A trainer, and the policy itself or a copy of it to sample from."""

    def __init__(self, folder: Path, lora: LoraSettings | None, plan: MemoryPlan) -> None:
        self.plan = plan
        policy = load_policy(folder, lora)
        limits = MicroBatchLimits(tokens=plan.micro_batch_tokens)
        self.trainer = Trainer(policy, probe(policy), limits, plan.recompute_layers)
        self._copy = SamplingCopy(policy) if policy.numbers.sampling_copy else None
        # Which weights the copy holds; None where they have changed since.
        self._copied: SampledWeights | None = None
        self._sampler = Sampler.of(self._copy.policy if self._copy else policy)

    @contextlib.contextmanager
    def sampler(self, weights: SampledWeights = "trained") -> Generator[Sampler, None, None]:
        """Samples the weights as they are now, or their average, which replaces them within."""
        average = self._average() if weights == "average" else None
        policy = self.trainer.policy
        if self._copy is not None:
            if self._copied != weights:
                held = policy.trainable_parameters() if average is None else average.named(policy)
                self._copy.refresh(held)
                self._copied = weights
            yield self._sampler
        elif average is None:
            yield self._sampler
        else:
            with average.in_place_of_weights(policy):
                yield self._sampler

    def _average(self) -> WeightAverage | None:
        """None before the first step, when there is nothing to average but the weights."""
        average = self.trainer.optimizers.average
        if average is None and self.trainer.steps_taken > 0:
            raise EngineError(
                "no_weight_average",
                "There is no average of the weights: the last step did not ask for one.",
                "Send average_decay with every optim_step.",
                status=409,
            )
        return average

    @contextlib.contextmanager
    def sampler_without_adapters(self) -> Generator[Sampler, None, None]:
        """Samples the model that training began with, which adapters leave unchanged."""
        model: Any = self._sampler.policy.model
        with model.disable_adapter():
            yield self._sampler

    def weights_changed(self) -> None:
        self._copied = None


class Workbench:
    """Not for several threads at once."""

    def __init__(self, base_folder: Path, checkpoints: CheckpointStore) -> None:
        self._base_folder = base_folder
        self._checkpoints = checkpoints
        self._trained: dict[str, TrainedPolicy] = {}
        self._frozen: dict[Path, Sampler] = {}

    def create(self, model_id: str, lora: LoraSettings | None, plan: MemoryPlan) -> Trainer:
        trained = TrainedPolicy(self._base_folder, lora, plan)
        self._trained[model_id] = trained
        return trained.trainer

    def remove(self, model_id: str) -> None:
        self._trained.pop(model_id, None)

    def forward(
        self,
        model_id: str,
        sequences: Sequence[TrainingSequence],
        loss: LossSettings,
        backward: bool,
        is_cancelled: IsCancelled,
    ) -> ForwardResult:
        return self._trained[model_id].trainer.forward(sequences, loss, backward, is_cancelled)

    def step(self, model_id: str, settings: AdamSettings) -> dict[str, float]:
        trained = self._trained[model_id]
        metrics = trained.trainer.step(settings)
        trained.weights_changed()
        return metrics

    def save_training(self, model_id: str, path: str) -> None:
        self._checkpoints.save_training(path, self._trained[model_id].trainer)

    def load_training(self, model_id: str, path: str, optimizer: bool) -> None:
        trained = self._trained[model_id]
        trained.weights_changed()
        self._checkpoints.load_training(path, trained.trainer, optimizer)

    def save_sampler(self, model_id: str, path: str, weights: SampledWeights = "trained") -> None:
        with self._trained[model_id].sampler(weights) as sampler:
            self._checkpoints.save_sampler(path, sampler.policy)

    def sample(
        self,
        source: str | Path,
        items: Sequence[SampleItem],
        parameters: SamplingParameters,
        is_cancelled: IsCancelled,
        weights: SampledWeights = "trained",
    ) -> list[list[SampledSequence]]:
        """`source` is the id of a trained model, or the folder of one that is only sampled."""
        with self._sampler(source, weights) as (sampler, plan):
            return sampler.sample(items, parameters, is_cancelled, plan.cache_tokens)

    @contextlib.contextmanager
    def _sampler(
        self, source: str | Path, weights: SampledWeights
    ) -> Generator[tuple[Sampler, MemoryPlan], None, None]:
        if isinstance(source, str):
            trained = self._trained[source]
            with trained.sampler(weights) as sampler:
                yield sampler, trained.plan
            return
        adapted = self._with_adapters() if source == self._base_folder else None
        if adapted is None:
            yield self._frozen_sampler(source), MemoryPlan()
            return
        with adapted.sampler_without_adapters() as sampler:
            yield sampler, adapted.plan

    def _with_adapters(self) -> TrainedPolicy | None:
        trained = self._trained.values()
        return next((one for one in trained if one.trainer.policy.lora is not None), None)

    def _frozen_sampler(self, folder: Path) -> Sampler:
        if folder not in self._frozen:
            while len(self._frozen) >= MAXIMUM_FROZEN_MODELS:
                self._frozen.pop(next(iter(self._frozen)))
            self._frozen[folder] = Sampler.of(load_policy(folder, lora=None, trainable=False))
        return self._frozen[folder]
