"""
What computes, on one process: the models under training, what they are sampled with, checkpoints.
Every operation is a command with arguments of JSON. With several ranks the leader announces each
command and all execute it, in one order, so that their collective operations meet.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from azr_engine.averaging import WeightAverage
from azr_engine.checkpoints import CheckpointStore
from azr_engine.errors import EngineError
from azr_engine.fields import Fields
from azr_engine.memory_plan import MemoryPlan
from azr_engine.packing import MicroBatchLimits
from azr_engine.policy import load_policy
from azr_engine.probing import probe, probe_decoding
from azr_engine.ranks import ALONE, Ranks
from azr_engine.requests import (
    parse_adam,
    parse_forward_input,
    parse_lora,
    parse_memory_plan,
    parse_sample_item,
    parse_sampled_weights,
    parse_sampling_parameters,
)
from azr_engine.sampler import Sampler
from azr_engine.sampling import SampledSequence, seed_of
from azr_engine.sampling_copy import SamplingCopy
from azr_engine.sampling_over_ranks import sample_over_ranks
from azr_engine.sampling_parameters import SampledWeights
from azr_engine.training import ForwardResult, Trainer

logger = logging.getLogger("azr_engine")

MAXIMUM_FROZEN_MODELS = 2
IsCancelled = Callable[[], bool]


class TrainedPolicy:
    """A trainer and what its policy is sampled with, which is a copy of it where that is needed."""

    def __init__(self, folder: Path, lora: Fields | None, plan: MemoryPlan, ranks: Ranks) -> None:
        self.plan = plan
        policy = load_policy(folder, parse_lora(lora))
        paths = probe(policy)
        limits = MicroBatchLimits(tokens=plan.micro_batch_tokens)
        self.trainer = Trainer(policy, paths, limits, plan.recompute_layers, ranks)
        copied = policy.numbers.sampling_copy or ranks.size > 1
        self._copy = SamplingCopy(policy) if copied else None
        # What the copy holds; None where the weights have changed since.
        self._copied: SampledWeights | None = None
        sampled = self._copy.policy if self._copy else policy
        self._sampler = Sampler(sampled, probe_decoding(sampled))

    @contextlib.contextmanager
    def sampler(self, weights: SampledWeights = "trained") -> Generator[Sampler, None, None]:
        """Of the weights as they are now, or of their average, which stands for them within."""
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
        if self.trainer.average is None and self.trainer.steps_taken > 0:
            raise EngineError(
                "no_weight_average",
                "There is no average of the weights: the last step did not ask for one.",
                "Send average_decay with every optim_step.",
                status=409,
            )
        return self.trainer.average

    @contextlib.contextmanager
    def sampler_without_adapters(self) -> Generator[Sampler, None, None]:
        """Of the model that training began with, for which adapters need no second one."""
        model: Any = self._sampler.policy.model
        # Graphs that were captured with adapters would go on computing them.
        self._sampler.release()
        with model.disable_adapter():
            yield self._sampler
        self._sampler.release()

    def before_training(self) -> None:
        self._sampler.release()

    def weights_changed(self) -> None:
        self._copied = None


class Workbench:
    """Not for several threads at once."""

    def __init__(
        self, base_folder: Path, checkpoints: CheckpointStore, ranks: Ranks = ALONE
    ) -> None:
        self._base_folder = base_folder
        self._checkpoints = checkpoints
        self._ranks = ranks
        self._trained: dict[str, TrainedPolicy] = {}
        self._frozen: dict[Path, Sampler] = {}
        self._commands: dict[str, Callable[[Fields, IsCancelled], Any]] = {
            "create": self._create,
            "remove": self._remove,
            "forward": self._forward,
            "step": self._step,
            "save_training": self._save_training,
            "load_training": self._load_training,
            "save_sampler": self._save_sampler,
            "sample": self._sample,
        }

    def trainer(self, model_id: str) -> Trainer:
        return self._trained[model_id].trainer

    def create(self, model_id: str, lora: object, plan: MemoryPlan) -> Trainer:
        """`lora` is the request's lora_config, or None."""
        self._do("create", {"model_id": model_id, "lora": lora, "plan": asdict(plan)})
        return self.trainer(model_id)

    def remove(self, model_id: str) -> None:
        self._do("remove", {"model_id": model_id})

    def forward(
        self, model_id: str, forward_input: object, backward: bool, is_cancelled: IsCancelled
    ) -> ForwardResult:
        arguments = {"model_id": model_id, "input": forward_input, "backward": backward}
        result: ForwardResult = self._do("forward", arguments, is_cancelled)
        return result

    def step(self, model_id: str, adam: object) -> dict[str, float]:
        metrics: dict[str, float] = self._do("step", {"model_id": model_id, "adam": adam})
        return metrics

    def save_training(self, model_id: str, path: str) -> None:
        self._do("save_training", {"model_id": model_id, "path": path})

    def load_training(self, model_id: str, path: str, optimizer: bool) -> None:
        arguments = {"model_id": model_id, "path": path, "optimizer": optimizer}
        self._do("load_training", arguments)

    def save_sampler(self, model_id: str, path: str, weights: SampledWeights = "trained") -> None:
        self._do("save_sampler", {"model_id": model_id, "path": path, "weights": weights})

    def sample(
        self,
        source: str | Path,
        items: object,
        parameters: object,
        is_cancelled: IsCancelled,
        weights: SampledWeights = "trained",
    ) -> list[list[SampledSequence]]:
        """`source` is the id of a trained model, or the folder of one that is only sampled."""
        named = {"folder": str(source)} if isinstance(source, Path) else {"model_id": source}
        arguments = {**named, "items": items, "parameters": parameters, "weights": weights}
        result: list[list[SampledSequence]] = self._do("sample", arguments, is_cancelled)
        return result

    def follow(self) -> None:
        """Executes what the leader announces, for ever."""
        while True:
            command = self._ranks.next_command()
            try:
                self._execute(command, lambda: False)
            except EngineError as error:
                # The leader met the same one and tells its client.
                logger.info("%s: %s", command["name"], error.message)

    def _do(
        self,
        name: str,
        arguments: dict[str, Any],
        is_cancelled: IsCancelled = lambda: False,
    ) -> Any:
        command = {"name": name, "arguments": arguments}
        self._ranks.announce(command)
        return self._execute(command, is_cancelled)

    def _execute(self, command: dict[str, Any], is_cancelled: IsCancelled) -> Any:
        return self._commands[command["name"]](Fields(command["arguments"]), is_cancelled)

    def _of(self, fields: Fields) -> TrainedPolicy:
        return self._trained[fields.text("model_id")]

    def _create(self, fields: Fields, _is_cancelled: IsCancelled) -> None:
        plan = parse_memory_plan(fields.optional_object("plan"))
        self._trained[fields.text("model_id")] = TrainedPolicy(
            self._base_folder, fields.optional_object("lora"), plan, self._ranks
        )

    def _remove(self, fields: Fields, _is_cancelled: IsCancelled) -> None:
        removed = self._trained.pop(fields.text("model_id"), None)
        if removed is not None:
            removed.before_training()

    def _forward(self, fields: Fields, is_cancelled: IsCancelled) -> ForwardResult:
        sequences, loss = parse_forward_input(fields.object("input"))
        trained = self._of(fields)
        trained.before_training()
        backward = fields.flag("backward", default=False)
        return trained.trainer.forward(sequences, loss, backward, is_cancelled)

    def _step(self, fields: Fields, _is_cancelled: IsCancelled) -> dict[str, float]:
        trained = self._of(fields)
        metrics = trained.trainer.step(parse_adam(fields.object("adam")))
        trained.weights_changed()
        return metrics

    def _save_training(self, fields: Fields, _is_cancelled: IsCancelled) -> None:
        self._checkpoints.save_training(fields.text("path"), self._of(fields).trainer)

    def _load_training(self, fields: Fields, _is_cancelled: IsCancelled) -> None:
        trained = self._of(fields)
        trained.weights_changed()
        optimizer = fields.flag("optimizer", default=True)
        self._checkpoints.load_training(fields.text("path"), trained.trainer, optimizer)

    def _save_sampler(self, fields: Fields, _is_cancelled: IsCancelled) -> None:
        with self._of(fields).sampler(parse_sampled_weights(fields)) as sampler:
            if self._ranks.rank == 0:
                self._checkpoints.save_sampler(fields.text("path"), sampler.policy)

    def _sample(self, fields: Fields, is_cancelled: IsCancelled) -> list[list[SampledSequence]]:
        items = [parse_sample_item(item) for item in fields.objects("items")]
        parameters = parse_sampling_parameters(fields.object("parameters"))
        with self._sampler(fields) as (sampler, plan):
            if self._ranks.size == 1:
                return sampler.sample(items, parameters, is_cancelled, plan.cache_tokens)
            return sample_over_ranks(
                self._ranks,
                items,
                seed_of(parameters),
                lambda own, seed: sampler.sample(
                    own, replace(parameters, seed=seed), is_cancelled, plan.cache_tokens
                ),
            )

    @contextlib.contextmanager
    def _sampler(self, fields: Fields) -> Generator[tuple[Sampler, MemoryPlan], None, None]:
        folder = fields.optional_text("folder")
        if folder is None:
            trained = self._of(fields)
            with trained.sampler(parse_sampled_weights(fields)) as sampler:
                yield sampler, trained.plan
            return
        adapted = self._with_adapters() if Path(folder) == self._base_folder else None
        if adapted is None:
            yield self._frozen_sampler(Path(folder)), MemoryPlan()
            return
        with adapted.sampler_without_adapters() as sampler:
            yield sampler, adapted.plan

    def _with_adapters(self) -> TrainedPolicy | None:
        trained = self._trained.values()
        return next((one for one in trained if one.trainer.policy.lora is not None), None)

    def _frozen_sampler(self, folder: Path) -> Sampler:
        if folder not in self._frozen:
            while len(self._frozen) >= MAXIMUM_FROZEN_MODELS:
                self._frozen.pop(next(iter(self._frozen))).release()
            policy = load_policy(folder, lora=None, trainable=False)
            self._frozen[folder] = Sampler(policy, probe_decoding(policy))
        return self._frozen[folder]
