"""State of the server between requests: trained models, frozen samplers, sessions of both."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from azr_engine.adapters import LoraSettings
from azr_engine.errors import EngineError
from azr_engine.futures import FutureTable
from azr_engine.memory_plan import MemoryPlan
from azr_engine.ordering import ReplayMemory, RequestOrder
from azr_engine.sampling_parameters import SampledWeights
from azr_engine.training import Trainer

MAXIMUM_MODELS = 4


@dataclass
class TrainedModel:
    """One policy under training. `version` counts changes of its weights."""

    model_id: str
    session_id: str
    base_model: str
    lora: LoraSettings | None
    order: RequestOrder
    plan: MemoryPlan = field(default_factory=MemoryPlan)
    trainer: Trainer | None = None
    version: int = 0

    def ready(self) -> Trainer:
        if self.trainer is None:
            raise EngineError(
                "model_not_ready",
                f"Model {self.model_id} was not created: its create_model request failed.",
                "See that request's error, and create the model again.",
                status=409,
            )
        return self.trainer


@dataclass
class SamplingSession:
    """
    What a client samples from: a trained model at one version of its weights, which are shared and
    not copied, or a frozen folder.
    """

    session_id: str
    replays: ReplayMemory = field(default_factory=ReplayMemory)
    model: TrainedModel | None = None
    weights: SampledWeights = "trained"
    version: int = 0
    folder: Path | None = None


class ModelRegistry:
    """Models and sessions by id."""

    def __init__(self, base_folder: Path, table: FutureTable) -> None:
        self.base_folder = base_folder
        self._table = table
        self._sessions: set[str] = set()
        self._models: dict[str, TrainedModel] = {}
        self._sampling_sessions: dict[str, SamplingSession] = {}

    def create_session(self) -> str:
        session_id = f"session-{uuid.uuid4().hex[:12]}"
        self._sessions.add(session_id)
        return session_id

    def check_session(self, session_id: str) -> None:
        if session_id not in self._sessions:
            raise _unknown("session", session_id, "Create one with create_session.")

    def check_base_model(self, name: str) -> None:
        if name not in (self.base_folder.name, str(self.base_folder)):
            raise EngineError(
                "model_not_supported",
                f"This engine serves {self.base_folder.name!r}, not {name!r}.",
                "Use the name in get_server_capabilities, or start an engine for the other model.",
                status=404,
            )

    def add_model(
        self, session_id: str, base_model: str, lora: LoraSettings | None
    ) -> TrainedModel:
        self.check_session(session_id)
        self.check_base_model(base_model)
        if len(self._models) >= MAXIMUM_MODELS:
            raise EngineError(
                "too_many_models",
                f"The engine already trains {MAXIMUM_MODELS} models.",
                "Unload one with unload_model.",
                status=409,
            )
        model_id = f"model-{uuid.uuid4().hex[:12]}"
        order = RequestOrder(self._table)
        model = TrainedModel(model_id, session_id, base_model, lora, order)
        self._models[model_id] = model
        return model

    def model(self, model_id: str) -> TrainedModel:
        model = self._models.get(model_id)
        if model is None:
            raise _unknown("model", model_id, "Create one with create_model.")
        return model

    def remove_model(self, model: TrainedModel) -> None:
        self._models.pop(model.model_id, None)
        kept = {
            key: session
            for key, session in self._sampling_sessions.items()
            if session.model is not model
        }
        self._sampling_sessions = kept
        model.trainer = None

    def add_sampling_session(
        self,
        model: TrainedModel | None = None,
        weights: SampledWeights = "trained",
        folder: Path | None = None,
    ) -> SamplingSession:
        """A new session of a model replaces those from before its last update, which are stale."""
        if model is not None:
            stale = [key for key, item in self._sampling_sessions.items() if item.model is model]
            for key in stale:
                if self._sampling_sessions[key].version != model.version:
                    del self._sampling_sessions[key]
        session_id = f"sampling-{uuid.uuid4().hex[:12]}"
        version = model.version if model is not None else 0
        session = SamplingSession(
            session_id, model=model, weights=weights, version=version, folder=folder
        )
        self._sampling_sessions[session_id] = session
        return session

    def sampling_session(self, session_id: str) -> SamplingSession:
        session = self._sampling_sessions.get(session_id)
        if session is None:
            raise EngineError(
                "stale_sampler",
                f"Sampling session {session_id} is not known, or its model has been updated since.",
                "Call save_weights_for_sampler after each update and sample from its session.",
                status=409,
            )
        return session

    def source(self, session: SamplingSession) -> str | Path:
        """Whose weights a session samples: a trained model's id, or a folder."""
        if session.model is not None:
            if session.model.version != session.version:
                raise EngineError(
                    "stale_sampler",
                    f"Model {session.model.model_id} has been updated since this session began.",
                    "Call save_weights_for_sampler after each update and sample from its session.",
                    status=409,
                )
            session.model.ready()
            return session.model.model_id
        assert session.folder is not None
        return session.folder


def describe_model(model: TrainedModel) -> dict[str, Any]:
    """The body of get_info."""
    policy = model.ready().policy
    return {
        "model_id": model.model_id,
        "model_name": model.base_model,
        "is_lora": model.lora is not None,
        "lora_rank": model.lora.rank if model.lora is not None else None,
        "model_data": {
            "model_name": model.base_model,
            "arch": policy.config.model_type,
            "tokenizer_id": str(policy.folder),
        },
        "parameters": policy.parameter_count(),
        "trainable_parameters": sum(p.numel() for _, p in policy.trainable_parameters()),
        "context_tokens": policy.context_tokens,
        "device": str(policy.device),
        "memory_plan": {
            **asdict(model.plan),
            "recompute_layers": model.ready().memory.recompute_layers,
        },
    }


def _unknown(kind: str, identity: str, remedy: str) -> EngineError:
    return EngineError("unknown_" + kind, f"There is no {kind} {identity!r}.", remedy, status=404)
