"""What this server declares, so that a client never guesses how servers of the dialect differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from azr_engine.losses import DEFAULT_CLIP_HIGH, DEFAULT_CLIP_LOW, LOSS_NAMES
from azr_engine.optimizers import OptimizerName
from azr_engine.policy import context_length
from azr_engine.precision import choose_device, sampler_matches_trainer
from azr_engine.requests import DEFAULT_LORA_ALPHA

MAXIMUM_REQUEST_BYTES = 64 * 1024 * 1024


def capabilities(base_folder: Path) -> dict[str, Any]:
    """The body of get_server_capabilities; `extensions` is ours, the rest Tinker's."""
    device = choose_device()
    return {
        "supported_models": [{"model_name": base_folder.name}],
        "extensions": {
            "server": "azr_engine",
            "device": device.type,
            # create_model takes a memory_demand; a pass that is still too large is halved.
            "memory_demand": True,
            "context_tokens": context_length(base_folder),
            "losses": list(LOSS_NAMES),
            "loss_reduction": "sum",
            "clip_defaults": {"low": DEFAULT_CLIP_LOW, "high": DEFAULT_CLIP_HIGH},
            "grad_clip_norm": True,
            "full_fine_tuning": True,
            "sampler_matches_trainer": sampler_matches_trainer(device),
            "lora_alpha": {"settable": True, "default": DEFAULT_LORA_ALPHA},
            "lora_layers": "all-linear",
            # Of adapters, in gradient passes; the model's own is always off.
            "lora_dropout": {"settable": True, "default": 0.0},
            "protobuf": False,
            "asample_batch": True,
            "cancel_future": True,
            "delete_checkpoint": True,
            # An ephemeral sampling session shares the trained weights: the next update ends it.
            "ephemeral_sampler": "until_next_update",
            # Sampled tokens have the log-probabilities of the temperature they were drawn at, and
            # policy losses take that temperature.
            "loss_temperature": True,
            # Policy losses take entropy_coefficient, and data entropy_weights.
            "entropy_bonus": True,
            # optim_step takes average_decay, save_weights_for_sampler weights: "average".
            "weight_average": True,
            # optim_step takes optimizer; each optimizer has a state of its own.
            "optimizers": list(get_args(OptimizerName)),
            "unsupported_sampling": ["top_k", "prompt_logprobs", "stop_strings"],
            # forward takes top_tokens, and then names the most probable token at each place.
            "top_tokens": True,
            # Training outputs hold 0 before the first position that carries loss.
            "prompt_logprobs_in_training": False,
            "checkpoint_contains": ["weights", "average", "optimizer", "random_state"],
            "maximum_request_bytes": MAXIMUM_REQUEST_BYTES,
        },
    }
