"""
Low-rank adapters, by PEFT. It is imported where one is asked for, since it takes half a second, and
training of whole weights needs none of it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adapters on every linear layer but the output head."""

    rank: int
    alpha: float
    seed: int
    dropout: float = 0.0


def with_adapters(network: Any, lora: LoraSettings) -> nn.Module:
    """The model around `network`, of which only the new adapters are trained."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(lora.seed)
    settings = LoraConfig(
        r=lora.rank,
        # PEFT divides whatever number it is given; its annotation says int.
        lora_alpha=cast(int, lora.alpha),
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        # GPT-2 keeps its linear layers transposed.
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in network.modules()),
        bias="none",
    )
    return get_peft_model(network, settings)


def merged_copy(model: nn.Module) -> Any:
    """A copy of a model with adapters in which they are part of the weights."""
    return cast(Any, copy.deepcopy(model)).merge_and_unload()
