"""
A causal language model of any architecture of transformers, with what sampling and training need:
logits or hidden states at chosen positions, end-of-sequence tokens, numeric type.

The model stays in evaluation mode. With dropout, trainer and sampler would disagree about the
probability of the same tokens, which a policy-gradient ratio cannot tell from a policy change. So
only adapters have dropout, which is 0 by default and acts in gradient passes alone.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers.generation.configuration_utils import GenerationConfig
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, AutoConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from azr_engine.adapters import LoraSettings, merged_copy, with_adapters
from azr_engine.compact_network import CompactNetwork, try_compact
from azr_engine.end_token import end_token_of_tokenizer
from azr_engine.errors import EngineError
from azr_engine.loaded_weights import check_finite, check_loading
from azr_engine.model_folder import check_model_folder, read_object
from azr_engine.out_of_memory import is_out_of_memory
from azr_engine.packing import ComputeCost
from azr_engine.precision import (
    Precision,
    TrainedKind,
    choose_device,
    choose_precision,
    device_has_bfloat16,
)

logger = logging.getLogger(__name__)


class Policy:
    """A loaded model. `model` may be wrapped by PEFT; `network` is the causal LM inside it."""

    def __init__(
        self,
        model: nn.Module,
        network: Any,
        folder: Path,
        precision: Precision,
        lora: LoraSettings | None = None,
    ) -> None:
        self.model = model
        self.network = network
        self.folder = folder
        self.numbers = precision
        self.lora = lora
        self.config = network.config
        self.device: torch.device = next(model.parameters()).device
        self.end_tokens = _end_tokens(folder, network)
        self.context_tokens = _positions(self.config)
        self.layers = _outermost_layers(network)
        self._dropouts = [
            module
            for name, module in model.named_modules()
            if isinstance(module, nn.Dropout) and ".lora_dropout." in name
        ]

    @functools.cached_property
    def compact(self) -> tuple[CompactNetwork | None, str]:
        """The network in the form of `compact_network.py`, or the reason why it has none."""
        return try_compact(self.network)

    def precision(self) -> contextlib.AbstractContextManager[Any]:
        """Mixed precision where weights are kept in another type than they are multiplied in."""
        if self.numbers.autocast is not None:
            return torch.autocast(self.device.type, dtype=self.numbers.autocast)
        return contextlib.nullcontext()

    def selected_logits(
        self, inputs: Tensor, rows: Tensor | slice, columns: Tensor | int, **forward: Any
    ) -> Tensor:
        """
        Logits [N, V] at positions (rows, columns) of inputs [B, L]. The decoder's output is
        narrowed before the head sees it, so the other positions never get logits, and whatever the
        architecture does after its head (scaling, capping) still happens.
        """

        def narrow(_module: nn.Module, _arguments: object, output: Any) -> Any:
            output.last_hidden_state = output.last_hidden_state[rows, columns][None]
            return output

        hook = self.network.get_decoder().register_forward_hook(narrow)
        try:
            with self.precision():
                output = self.network(input_ids=inputs, **forward)
        finally:
            hook.remove()
        return cast(Tensor, output.logits)[0]

    def selected_hidden(
        self, inputs: Tensor, rows: Tensor, columns: Tensor, **forward: Any
    ) -> Tensor:
        """Final hidden states [N, H] at the same positions, for a head applied in chunks."""
        with self.precision():
            output = self.network.get_decoder()(input_ids=inputs, **forward)
        return cast(Tensor, output.last_hidden_state)[rows, columns]

    def head(self, hidden: Tensor) -> Tensor:
        """
        From final hidden states [N, H] to logits [N, V], with all that the architecture does after
        its decoder: the model runs with a decoder that only returns these states.
        """

        def return_hidden(
            *_arguments: object, **_options: object
        ) -> BaseModelOutputWithPastAndCrossAttentions:
            return BaseModelOutputWithPastAndCrossAttentions(
                last_hidden_state=cast(Any, hidden[None])
            )

        unused = torch.zeros(1, hidden.shape[0], dtype=torch.long, device=hidden.device)
        with _replaced_forward(self.network.get_decoder(), return_hidden), self.precision():
            return cast(Tensor, self.network(input_ids=unused, use_cache=False).logits)[0]

    def can_recompute_layers(self) -> bool:
        return bool(self.layers)

    @contextlib.contextmanager
    def gradient_pass(self, recompute_layers: bool) -> Generator[None, None, None]:
        """
        Within, adapters drop out what they were told to, and with `recompute_layers` each layer
        keeps only its input and is computed again when its gradients are, random numbers included
        (Chen et al. 2016). transformers ties the latter to training mode, which would also turn on
        the dropout of the model itself.
        """
        with contextlib.ExitStack() as stack:
            for dropout in self._dropouts:
                dropout.train()
                stack.callback(dropout.eval)
            for layer in self.layers if recompute_layers else ():
                again = functools.partial(checkpoint, layer.forward, use_reentrant=False)
                stack.enter_context(_replaced_forward(layer, again))
            yield

    def trainable_parameters(self) -> list[tuple[str, nn.Parameter]]:
        return [item for item in self.model.named_parameters() if item[1].requires_grad]

    def save_merged(self, folder: Path) -> None:
        """Writes a model folder with adapters merged into the weights; this model is unchanged."""
        whole = self.network if self.lora is None else merged_copy(self.model)
        whole.save_pretrained(folder)

    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())

    def vocabulary_size(self) -> int:
        return int(self.network.get_output_embeddings().weight.shape[0])

    def attends_everywhere(self) -> bool:
        """
        Whether every layer sees the whole sequence; with a block mask, a layer of sliding windows
        would see more than its window.
        """
        config = self.config.get_text_config()
        kinds = getattr(config, "layer_types", None)
        if kinds is not None:
            return all(kind == "full_attention" for kind in kinds)
        return getattr(config, "sliding_window", None) is None

    def compute_cost(self) -> ComputeCost:
        """
        Two operations per weight and token outside the embeddings; 4 * H per pair of tokens and
        layer for the two matrix products of attention.
        """
        text_config = self.config.get_text_config()
        embeddings = self.network.get_input_embeddings().weight.numel()
        per_pair = 4.0 * text_config.hidden_size * text_config.num_hidden_layers
        return ComputeCost(2.0 * (self.parameter_count() - embeddings), per_pair)


def _outermost_layers(network: nn.Module) -> list[nn.Module]:
    """The layers that transformers marks as units of recomputation, none inside another."""
    layers: list[nn.Module] = []
    inside: set[nn.Module] = set()
    for module in network.modules():
        if isinstance(module, GradientCheckpointingLayer) and module not in inside:
            layers.append(module)
            inside.update(module.modules())
    return layers


@contextlib.contextmanager
def _replaced_forward(
    module: nn.Module, forward: Callable[..., Any]
) -> Generator[None, None, None]:
    """`module` computes `forward` within; its hooks stay."""
    module.__dict__["forward"] = forward
    try:
        yield
    finally:
        del module.__dict__["forward"]


def load_policy(folder: Path, lora: LoraSettings | None, trainable: bool = True) -> Policy:
    """Loads weights in the numeric types that precision.py chooses."""
    check_model_folder(folder)
    refuse_own_code(folder)
    device = choose_device()
    whole: TrainedKind = "full" if trainable else "none"
    trained: TrainedKind = "lora" if lora is not None else whole
    precision = choose_precision(device.type, trained, device_has_bfloat16(device))
    with _loading(folder):
        network = load_network(folder, dtype=precision.weights)
        check_finite(folder, network.named_parameters())
        # Uses values of the config, any of which may be of any type, before it is accepted.
        _end_tokens(folder, network)
        _positions(network.config)
    network.to(device)
    model: nn.Module = network
    if lora is not None:
        model = with_adapters(network, lora)
    if not trainable:
        model.requires_grad_(False)
    model.eval()
    return Policy(model, network, folder, precision, lora)


def check_loadable(folder: Path) -> None:
    """Throws what load_policy would, but for what only the values of the weights show."""
    check_model_folder(folder)
    refuse_own_code(folder)
    with _loading(folder):
        network = load_network(folder, device_map="meta")
        _end_tokens(folder, network)
        _positions(network.config)


def load_network(folder: Path, **options: Any) -> Any:
    """The network of a folder whose weights are those of its config.json, and all of them."""
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        attn_implementation="sdpa",
        trust_remote_code=False,
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
        # check_loading refuses them, and names them.
        ignore_mismatched_sizes=True,
        **options,
    )
    network, information = loaded
    check_loading(folder, network, information)
    return network


@contextlib.contextmanager
def _loading(folder: Path) -> Generator[None, None, None]:
    """
    Reports any exception while transformers reads a folder as a fault of the folder, which anybody
    may have written, unless memory has run out.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, EngineError) or is_out_of_memory(error):
            raise
        logger.warning("The model in %s cannot be loaded.", folder, exc_info=True)
        raise EngineError(
            "model_not_loadable",
            f"The model in {folder} cannot be loaded: {type(error).__name__}: {error}",
            "Check that the folder is complete and its architecture known to this transformers.",
        ) from error


def refuse_own_code(folder: Path) -> None:
    """
    Code in a model folder is never executed: transformers uses its own where it has the
    architecture, and a model that needs other code is refused.
    """
    config = read_object(folder / "config.json")
    if "auto_map" in config and config.get("model_type") not in CONFIG_MAPPING:
        raise EngineError(
            "model_has_own_code",
            f"The model in {folder} needs the Python code in its folder, which is never run.",
            "Choose a model whose architecture this transformers knows.",
        )


def context_length(folder: Path) -> int:
    """The longest sequence the model's config names; 0 where it names none."""
    refuse_own_code(folder)
    with _loading(folder):
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        return _positions(config.get_text_config())


def _positions(config: Any) -> int:
    return int(getattr(config, "max_position_embeddings", 0) or 0)


def _end_tokens(folder: Path, network: Any) -> list[int]:
    """
    Tokens that end a completion: all that the folder names. Its files differ in many a published
    model, and one that is left out never ends an answer.
    """
    named: list[object] = [network.config.eos_token_id]
    named.append(getattr(network.config.get_text_config(), "eos_token_id", None))
    if (folder / "generation_config.json").is_file():
        named.append(GenerationConfig.from_pretrained(folder, local_files_only=True).eos_token_id)
    tokens = [token for one in named for token in (one if isinstance(one, list) else [one])]
    known = [int(cast(int, token)) for token in tokens if token is not None]
    return list(dict.fromkeys([*known, *end_token_of_tokenizer(folder)]))
