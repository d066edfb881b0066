"""
The operations of the dialect. Every method runs on the event loop's thread and returns a body at
once; what computes is queued for the worker and its result fetched with retrieve_future.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azr_engine.capabilities import capabilities
from azr_engine.checkpoints import CheckpointStore
from azr_engine.device_plan import plan_for_device
from azr_engine.errors import EngineError, invalid_request
from azr_engine.fields import Fields
from azr_engine.futures import Future, FutureTable
from azr_engine.memory_demand import MemoryDemand
from azr_engine.models import ModelRegistry, SamplingSession, TrainedModel, describe_model
from azr_engine.requests import (
    forward_payload,
    parse_adam,
    parse_forward_input,
    parse_lora,
    parse_sample_item,
    parse_sampled_weights,
    parse_sampling_parameters,
    sequences_payload,
)
from azr_engine.workbench import Workbench
from azr_engine.worker import Job, Worker

POLL_SECONDS = 30.0
LARGEST_SEQUENCE = 2**53
Body = dict[str, Any]


class Service:
    def __init__(
        self, base_folder: Path, checkpoints: Path, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._table = FutureTable()
        self._worker = Worker(self._table, loop)
        self._registry = ModelRegistry(base_folder, self._table)
        self._checkpoints = CheckpointStore(checkpoints)
        self._workbench = Workbench(base_folder, self._checkpoints)

    def operations(self) -> dict[str, Callable[[Fields], Body]]:
        """Every operation by its route under /api/v1."""
        return {
            "client/config": self._client_config,
            "create_session": self._create_session,
            "session_heartbeat": self._session_heartbeat,
            "create_model": self._create_model,
            "unload_model": self._unload_model,
            "get_info": self._get_info,
            "forward": self._forward,
            "forward_backward": self._forward_backward,
            "optim_step": self._optim_step,
            "save_weights": self._save_weights,
            "load_weights": self._load_weights,
            "save_weights_for_sampler": self._save_weights_for_sampler,
            "create_sampling_session": self._create_sampling_session,
            "asample": self._asample,
            "asample_batch": self._asample_batch,
            "cancel_future": self._cancel_future,
        }

    def server_capabilities(self) -> Body:
        return capabilities(self._registry.base_folder)

    async def retrieve_future(self, fields: Fields) -> bytes | None:
        """The encoded result, or None when it is not there within the polling time."""
        future = self._table.get(fields.text("request_id"))
        try:
            await asyncio.wait_for(future.done.wait(), POLL_SECONDS)
        except asyncio.TimeoutError:
            return None
        return future.payload

    def delete_checkpoint(self, model_id: str, kind: str, name: str) -> None:
        self._checkpoints.delete(self._checkpoints.path(model_id, kind, name))

    def _client_config(self, _fields: Fields) -> Body:
        return {
            "pjwt_auth_enabled": False,
            "parallel_fwdbwd_chunks": False,
            "proto_compress_fwdbwd": False,
        }

    def _create_session(self, _fields: Fields) -> Body:
        return {"type": "create_session", "session_id": self._registry.create_session()}

    def _session_heartbeat(self, fields: Fields) -> Body:
        self._registry.check_session(fields.text("session_id"))
        return {"type": "session_heartbeat"}

    def _create_model(self, fields: Fields) -> Body:
        lora = parse_lora(fields.optional_object("lora_config"))
        demanded = fields.optional_object("memory_demand")
        demand = MemoryDemand.parse(demanded) if demanded is not None else None
        model = self._registry.add_model(fields.text("session_id"), fields.text("base_model"), lora)

        def create(_future: Future) -> Body:
            try:
                model.plan = plan_for_device(self._registry.base_folder, demand)
                model.trainer = self._workbench.create(model.model_id, lora, model.plan)
            except BaseException:
                self._registry.remove_model(model)
                raise
            return {"type": "create_model", "model_id": model.model_id}

        future = self._table.create()
        self._worker.queue(future, create)
        return {"request_id": future.request_id, "model_id": model.model_id}

    def _unload_model(self, fields: Fields) -> Body:
        model = self._registry.model(fields.text("model_id"))

        def unload(_future: Future) -> Body:
            self._registry.remove_model(model)
            self._workbench.remove(model.model_id)
            return {"type": "unload_model", "model_id": model.model_id}

        return self._queue(unload)

    def _get_info(self, fields: Fields) -> Body:
        return {"type": "get_info", **describe_model(self._registry.model(fields.text("model_id")))}

    def _forward(self, fields: Fields) -> Body:
        return self._pass(fields, "forward_input", backward=False)

    def _forward_backward(self, fields: Fields) -> Body:
        return self._pass(fields, "forward_backward_input", backward=True)

    def _pass(self, fields: Fields, name: str, backward: bool) -> Body:
        def run(model: TrainedModel, future: Future) -> Body:
            model.ready()
            given = fields.object(name)
            sequences, loss = parse_forward_input(given)
            with_top = not backward and given.flag("top_tokens", default=False)
            result = self._workbench.forward(
                model.model_id, sequences, loss, backward, future.is_cancelled
            )
            return forward_payload(result, with_top)

        return self._in_order(fields, run)

    def _optim_step(self, fields: Fields) -> Body:
        def run(model: TrainedModel, _future: Future) -> Body:
            model.ready()
            metrics = self._workbench.step(model.model_id, parse_adam(fields.object("adam_params")))
            model.version += 1
            return {"type": "optim_step", "metrics": metrics}

        return self._in_order(fields, run)

    def _save_weights(self, fields: Fields) -> Body:
        def run(model: TrainedModel, _future: Future) -> Body:
            path = self._checkpoints.path(model.model_id, "weights", fields.text("path"))
            model.ready()
            self._workbench.save_training(model.model_id, path)
            return {"type": "save_weights", "path": path}

        return self._in_order(fields, run)

    def _load_weights(self, fields: Fields) -> Body:
        def run(model: TrainedModel, _future: Future) -> Body:
            path = fields.text("path")
            model.version += 1
            with_optimizer = fields.flag("optimizer", default=True)
            model.ready()
            self._workbench.load_training(model.model_id, path, with_optimizer)
            return {"type": "load_weights", "path": path}

        return self._in_order(fields, run)

    def _save_weights_for_sampler(self, fields: Fields) -> Body:
        def run(model: TrainedModel, _future: Future) -> Body:
            name = fields.optional_text("path")
            weights = parse_sampled_weights(fields)
            if name is None:
                session = self._registry.add_sampling_session(model=model, weights=weights)
                return {
                    "type": "save_weights_for_sampler",
                    "sampling_session_id": session.session_id,
                }
            path = self._checkpoints.path(model.model_id, "sampler_weights", name)
            model.ready()
            self._workbench.save_sampler(model.model_id, path, weights)
            return {"type": "save_weights_for_sampler", "path": path}

        return self._in_order(fields, run)

    def _create_sampling_session(self, fields: Fields) -> Body:
        self._registry.check_session(fields.text("session_id"))
        session = self._registry.add_sampling_session(folder=self._frozen_folder(fields))
        return {"type": "create_sampling_session", "sampling_session_id": session.session_id}

    def _frozen_folder(self, fields: Fields) -> Path:
        path = fields.optional_text("model_path")
        if path is not None:
            return self._checkpoints.existing(path)
        self._registry.check_base_model(fields.text("base_model"))
        return self._registry.base_folder

    def _asample(self, fields: Fields) -> Body:
        if fields.flag("prompt_logprobs", default=False):
            raise EngineError(
                "unsupported_option",
                "prompt_logprobs is not supported.",
                "Use forward with the loss cross_entropy.",
            )

        def body(results: list[list[dict[str, Any]]]) -> Body:
            return {"type": "sample", "sequences": results[0]}

        return self._sample(fields, lambda: [fields], body)

    def _asample_batch(self, fields: Fields) -> Body:
        def body(results: list[list[dict[str, Any]]]) -> Body:
            return {"type": "sample_batch", "items": [{"sequences": result} for result in results]}

        return self._sample(fields, lambda: fields.objects("items"), body)

    def _sample(
        self,
        fields: Fields,
        items: Callable[[], list[Fields]],
        body: Callable[[list[list[dict[str, Any]]]], Body],
    ) -> Body:
        session = self._sampling_source(fields)
        seq_id = fields.optional_integer("seq_id", 0, LARGEST_SEQUENCE)
        known = session.replays.find(seq_id) if seq_id is not None else None
        if known is not None:
            return {"request_id": known}

        def run(future: Future) -> Body:
            results = self._workbench.sample(
                self._registry.source(session),
                [parse_sample_item(item) for item in items()],
                parse_sampling_parameters(fields.object("sampling_params")),
                future.is_cancelled,
                session.weights,
            )
            return body([sequences_payload(result) for result in results])

        reply = self._queue(run)
        if seq_id is not None:
            session.replays.remember(seq_id, reply["request_id"])
        return reply

    def _sampling_source(self, fields: Fields) -> SamplingSession:
        session_id = fields.optional_text("sampling_session_id")
        if session_id is not None:
            return self._registry.sampling_session(session_id)
        if not fields.has("base_model") and not fields.has("model_path"):
            raise invalid_request("asample needs sampling_session_id, base_model or model_path.")
        return SamplingSession("", folder=self._frozen_folder(fields))

    def _cancel_future(self, fields: Fields) -> Body:
        self._table.cancel(self._table.get(fields.text("request_id")))
        return {"type": "cancel_future"}

    def _queue(self, job: Job) -> Body:
        future = self._table.create()
        self._worker.queue(future, job)
        return {"request_id": future.request_id}

    def _in_order(self, fields: Fields, run: Callable[[TrainedModel, Future], Body]) -> Body:
        """Queues a request of one model in the order of its seq_id."""
        model = self._registry.model(fields.text("model_id"))
        seq_id = fields.optional_integer("seq_id", 1, LARGEST_SEQUENCE)

        def start(future: Future) -> None:
            self._worker.queue(future, lambda job_future: run(model, job_future))

        return {"request_id": model.order.submit(seq_id, start), "model_id": model.model_id}
