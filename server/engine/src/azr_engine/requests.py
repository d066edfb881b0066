"""The dialect's request bodies as the engine's own types, and results as the dialect's bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar, get_args

from azr_engine.adapters import LoraSettings
from azr_engine.errors import EngineError, invalid_request
from azr_engine.fields import LARGEST_SEED, Fields
from azr_engine.losses import LossSettings
from azr_engine.optimizers import AdamSettings, OptimizerName
from azr_engine.packing import TrainingSequence
from azr_engine.sampling import SampledSequence, SampleItem
from azr_engine.sampling_parameters import SampledWeights, SamplingParameters
from azr_engine.training import ForwardResult

Choice = TypeVar("Choice", bound=str)

DEFAULT_LORA_ALPHA = 32.0
MAXIMUM_TOKENS = 1 << 20


def parse_model_input(fields: Fields) -> list[int]:
    """`{chunks: [{type: "encoded_text", tokens}]}` as one list of tokens."""
    tokens: list[int] = []
    for chunk in fields.objects("chunks"):
        if chunk.optional_text("type") not in (None, "encoded_text"):
            raise invalid_request("Only chunks of type 'encoded_text' are supported.")
        tokens += chunk.integers("tokens")
    return tokens


def parse_lora(fields: Fields | None) -> LoraSettings | None:
    """
    Tinker's `lora_config` with our `alpha` and `dropout`; without it, all weights are trained.
    """
    if fields is None:
        return None
    for layers in ("train_attn", "train_mlp"):
        if not fields.flag(layers, default=True):
            raise invalid_request(
                f"{layers}=false is not supported; all linear layers get adapters."
            )
    if fields.flag("train_unembed", default=False):
        raise invalid_request(
            "train_unembed=true is not supported; the output head stays as it is."
        )
    return LoraSettings(
        rank=fields.integer("rank", 1, 4096, default=32),
        alpha=fields.number("alpha", 1e-6, 1e6, default=DEFAULT_LORA_ALPHA),
        seed=fields.integer("seed", 0, LARGEST_SEED, default=0),
        dropout=fields.number("dropout", 0.0, 0.99, default=0.0),
    )


def parse_sampling_parameters(fields: Fields) -> SamplingParameters:
    if fields.integer("top_k", -1, MAXIMUM_TOKENS, default=-1) > 0:
        raise EngineError("unsupported_option", "top_k is not supported.", "Use top_p instead.")
    stop = fields.integers("stop") if fields.has("stop") else []
    return SamplingParameters(
        max_tokens=fields.integer("max_tokens", 1, MAXIMUM_TOKENS),
        temperature=fields.number("temperature", 0.0, 100.0, default=1.0),
        top_p=fields.number("top_p", 1e-6, 1.0, default=1.0),
        seed=fields.optional_integer("seed", 0, LARGEST_SEED),
        stop_tokens=tuple(stop),
    )


def parse_sampled_weights(fields: Fields) -> SampledWeights:
    """Our `weights` of save_weights_for_sampler: those under training, or their average."""
    return _choice(fields, "weights", get_args(SampledWeights), default="trained")


def parse_sample_item(fields: Fields) -> SampleItem:
    prompt = tuple(parse_model_input(fields.object("prompt")))
    return SampleItem(prompt, fields.integer("num_samples", 1, 100_000, default=1))


def parse_adam(fields: Fields) -> AdamSettings:
    return AdamSettings(
        learning_rate=fields.number("learning_rate", 0.0, 1e3),
        beta1=fields.number("beta1", 0.0, 0.999999, default=0.9),
        beta2=fields.number("beta2", 0.0, 0.999999, default=0.95),
        epsilon=fields.number("eps", 0.0, 1.0, default=1e-12),
        weight_decay=fields.number("weight_decay", 0.0, 1e3, default=0.0),
        grad_clip_norm=fields.number("grad_clip_norm", 0.0, 1e12, default=0.0),
        average_decay=fields.number("average_decay", 0.0, 0.9999999, default=0.0),
        optimizer=_parse_optimizer(fields),
    )


def _parse_optimizer(fields: Fields) -> OptimizerName:
    """Our `optimizer` of optim_step: the policy's own unless it says otherwise."""
    return _choice(fields, "optimizer", get_args(OptimizerName), default="adamw")


def _choice(fields: Fields, name: str, known: Sequence[Choice], default: Choice) -> Choice:
    """The one of `known` that the field names; without the field, the default."""
    wanted = fields.optional_text(name) or default
    for choice in known:
        if wanted == choice:
            return choice
    raise invalid_request(f"{name} must be one of {', '.join(known)}.")


def parse_forward_input(fields: Fields) -> tuple[list[TrainingSequence], LossSettings]:
    """`{data: [Datum], loss_fn, loss_fn_config}`."""
    loss = LossSettings.parse(fields.text("loss_fn"), fields.number_map("loss_fn_config"))
    return [_parse_datum(datum, loss) for datum in fields.objects("data")], loss


def _parse_datum(fields: Fields, loss: LossSettings) -> TrainingSequence:
    """
    A datum is shifted by one already: target i follows input i. Its loss begins at the first
    position with a weight, advantage, entropy weight or sampler log-probability other than 0.
    """
    inputs = parse_model_input(fields.object("model_input"))
    given = fields.object("loss_fn_inputs")
    targets = given.object("target_tokens").integers("data")
    count = len(targets)
    zeros = [0.0] * count
    if loss.name == "cross_entropy":
        weights = given.object("weights").numbers("data") if given.has("weights") else [1.0] * count
        log_probs = advantages = zeros
    else:
        weights = zeros
        log_probs = given.object("logprobs").numbers("data")
        advantages = given.object("advantages").numbers("data")
    entropy_weights = (
        given.object("entropy_weights").numbers("data") if given.has("entropy_weights") else zeros
    )
    per_token = (weights, log_probs, advantages, entropy_weights)
    if not count or any(len(part) != count for part in (inputs, *per_token)):
        raise invalid_request(
            "A datum's model_input and loss_fn_inputs must have one equal length."
        )
    start = _first_loss_position(*per_token)
    return TrainingSequence(inputs, targets, start, log_probs, advantages, weights, entropy_weights)


def _first_loss_position(*values: Sequence[float]) -> int:
    last = len(values[0]) - 1
    return min(
        next((position for position, number in enumerate(numbers) if number), last)
        for numbers in values
    )


def forward_payload(result: ForwardResult, with_top: bool = False) -> dict[str, Any]:
    """`with_top` adds our `top_tokens` and `top_logprobs`, from the first loss token on."""
    outputs = [{"logprobs": _tensor("float32", values)} for values in result.log_probs]
    if with_top:
        for output, scores in zip(outputs, result.scores, strict=True):
            output["top_tokens"] = _tensor("int64", scores.top_tokens)
            output["top_logprobs"] = _tensor("float32", scores.top_log_probs)
    return {
        "loss_fn_output_type": "scalar",
        "loss_fn_outputs": outputs,
        "metrics": result.metrics,
    }


def _tensor(dtype: str, values: Sequence[float]) -> dict[str, Any]:
    return {"data": values, "dtype": dtype, "shape": [len(values)]}


def sequences_payload(sequences: list[SampledSequence]) -> list[dict[str, Any]]:
    return [
        {
            "stop_reason": sequence.stop_reason,
            "tokens": sequence.tokens,
            "logprobs": sequence.log_probs,
        }
        for sequence in sequences
    ]


def lora_payload(lora: LoraSettings | None) -> dict[str, Any] | None:
    return None if lora is None else asdict(lora)
