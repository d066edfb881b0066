"""
Which numeric types a model is kept and computed in:

    device              kind      weights    computed in   sampled from
    CPU, MPS            any       float32    float32       the same weights
    CUDA with bfloat16  adapters  bfloat16   bfloat16      the same weights
                        all       float32    bfloat16      a copy in bfloat16
                        none      bfloat16   bfloat16      the same weights
    CUDA without        any       float32    float32       the same weights

"kind" is what of the model is trained. Adapters are always kept in float32. Where all weights are
trained they stay in float32, because bfloat16 has eight bits of precision and an update of the
usual size would round to nothing; decoding is bound by memory bandwidth, and the copy halves what
it reads and saves a conversion per token. Softmax over the vocabulary, losses and Adam's moments
are float32 everywhere.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

import torch

from azr_engine.errors import EngineError

TrainedKind = Literal["full", "lora", "none"]


@dataclass(frozen=True)
class Precision:
    """`autocast` is the type that matrix products are computed in where the weights' is another."""

    weights: torch.dtype
    autocast: torch.dtype | None
    sampling_copy: bool

    @property
    def computed(self) -> torch.dtype:
        return self.autocast or self.weights


def choose_precision(device_type: str, trained: TrainedKind, has_bfloat16: bool) -> Precision:
    """`has_bfloat16` says whether the device multiplies bfloat16 matrices itself."""
    if device_type != "cuda" or not has_bfloat16:
        # bfloat16 has not been tried on MPS, and float16 would need loss scaling.
        return Precision(torch.float32, None, sampling_copy=False)
    if trained == "full":
        return Precision(torch.float32, torch.bfloat16, sampling_copy=True)
    # Adapters in float32 are multiplied in bfloat16, like the layers that they stand beside.
    autocast = torch.bfloat16 if trained == "lora" else None
    return Precision(torch.bfloat16, autocast, sampling_copy=False)


# The device, where a GPU has other work: "cpu", or "auto".
DEVICE_VARIABLE = "AZR_DEVICE"


def choose_device() -> torch.device:
    """The first GPU, or the CPU where there is none or the environment says so."""
    if _is_kept_on_cpu():
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", 0)
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def _is_kept_on_cpu() -> bool:
    asked = os.environ.get(DEVICE_VARIABLE) or "auto"
    if asked not in ("auto", "cpu"):
        raise EngineError(
            "unknown_device",
            f"{DEVICE_VARIABLE} is {asked!r}, which names no device.",
            f"Set {DEVICE_VARIABLE} to cpu, or to auto for a GPU where there is one.",
        )
    return asked == "cpu"


def device_has_bfloat16(device: torch.device) -> bool:
    """Natively: NVIDIA has it from Ampere on (compute capability 8.0)."""
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def sampler_matches_trainer(device: torch.device) -> bool:
    """
    Whether both compute in float32, so that their log-probabilities differ by rounding alone (1e-4
    at most). In bfloat16, other kernels and batch shapes change the second digit.
    """
    precision = choose_precision(device.type, "lora", device_has_bfloat16(device))
    return precision.computed == torch.float32
