"""The plan by hand for a model whose numbers are easy, and how it gives way to a small device."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azr_engine.memory_demand import MemoryDemand
from azr_engine.memory_plan import (
    DeviceKind,
    DeviceMemory,
    MemoryNeeds,
    memory_needs,
)
from azr_engine.model_shape import ModelShape

# Qwen2.5-Coder-0.5B, from its published configuration.
HALF = ModelShape(
    parameters=494_032_768,
    layers=24,
    hidden=896,
    intermediate=4864,
    query_width=896,
    key_width=128,
    vocabulary=151_936,
    context_tokens=32_768,
)
DEMAND = MemoryDemand("full", lora_rank=32, prompt_tokens=512, completion_tokens=512, rows=64)
LARGE = DeviceMemory("cuda", 81_000)
# What PEFT reports for this model, rank and all linear layers.
ADAPTERS = 17_596_416


def needs(device: DeviceMemory = LARGE, **changed: Any) -> MemoryNeeds:
    return memory_needs(HALF, replace(DEMAND, **changed), device)


def test_all_weights_on_a_gpu_take_what_mixed_precision_training_takes() -> None:
    found = needs()
    assert found.fits
    parts = found.parts
    # 4 bytes, a copy of 2 to sample from, one of 2 in training, 4 for the gradient, 8 for Adam.
    assert parts.weights + parts.gradients + parts.optimizer == HALF.parameters * 20
    # 24 layers of 2 times 128 numbers of 2 bytes: 12 KiB of keys and values per token.
    prefill = 16_384 * (6 * 896 + 5 * 896 + 4 * 4864) * 2
    assert parts.cache - prefill == found.plan.cache_tokens * 12 * 1024
    assert found.plan.cache_tokens == 64 * 1024


def test_adapters_add_r_times_m_plus_n_weights_of_each_linear_layer_to_a_base_in_two_bytes() -> (
    None
):
    parts = needs(trainable="lora").parts
    assert ADAPTERS == 24 * 32 * (2 * (896 + 896) + 2 * (896 + 128) + 3 * (896 + 4864))
    assert parts.gradients == ADAPTERS * 4
    assert parts.optimizer == ADAPTERS * 8
    assert parts.weights == HALF.parameters * 2 + ADAPTERS * 4


def test_a_second_optimizer_keeps_two_numbers_where_embeddings_and_head_can_be() -> None:
    embeddings = 2 * 151_936 * 896
    expected = HALF.parameters * (8 + 4) + embeddings * 4
    assert needs(uses_muon=True).parts.optimizer == expected
    assert needs(trainable="lora", uses_muon=True).parts.optimizer == ADAPTERS * (8 + 4)


def test_the_starting_weights_are_a_model_of_their_own_unless_adapters_are_left_out() -> None:
    def added(device: DeviceMemory, **changed: Any) -> int:
        with_start = needs(device, samples_start=True, **changed)
        return with_start.parts.weights - needs(device, **changed).parts.weights

    assert added(LARGE) == HALF.parameters * 2
    assert added(DeviceMemory("cpu", 81_000)) == HALF.parameters * 4
    assert added(LARGE, trainable="lora") == 0


def test_a_smaller_device_gets_smaller_micro_batches_then_layers_computed_twice() -> None:
    memories = [81_000, 24_000, 18_000, 16_000, 14_000, 12_500]
    found = [needs(DeviceMemory("cuda", memory_mb)) for memory_mb in memories]
    fitting = [one for one in found if one.fits]
    assert len(fitting) > 3
    assert (found[0].plan.micro_batch_tokens, found[0].plan.recompute_layers) == (16_384, False)
    assert any(one.plan.recompute_layers for one in found)
    kept = [one.plan.micro_batch_tokens for one in fitting if not one.plan.recompute_layers]
    assert kept == sorted(kept, reverse=True)
    # Nothing is planned that the longest sequence would not fit into.
    for one in found:
        assert one.plan.micro_batch_tokens >= 1024
        assert one.plan.cache_tokens >= 1024


# Device and its memory; trained, rank, prompt, completion, rows; wanted MiB, micro-batch, whether
# layers are computed twice, cache: what was planned before the plan was the engine's own.
PLANNED = [
    ("cpu", 12_500, "lora", 8, 4096, 16_000, 64, 13_163, 20_096, True, 20_096),
    ("cpu", 81_000, "lora", 1, 16_000, 3000, 1024, 15_359, 19_000, True, 400_000),
    ("cpu", 81_000, "lora", 1, 512, 64, 1024, 36_910, 4096, False, 400_000),
    ("mps", 12_500, "lora", 1, 4096, 512, 64, 8012, 16_384, True, 73_728),
    ("cuda", 8000, "full", 1, 16_000, 3000, 192, 13_533, 19_000, True, 19_000),
]


@pytest.mark.parametrize("row", PLANNED)
def test_plans_are_those_that_were_made_before(row: tuple[Any, ...]) -> None:
    device, memory_mb, trainable, rank, prompt, completion, rows, *expected = row
    demand = MemoryDemand(trainable, rank, prompt, completion, rows)
    found = memory_needs(HALF, demand, DeviceMemory(device, memory_mb))
    plan = found.plan
    assert [
        *(found.wanted_mb, plan.micro_batch_tokens, plan.recompute_layers, plan.cache_tokens)
    ] == expected


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("cuda", {}),
        ("cpu", {"trainable": "lora", "prompt_tokens": 16_000, "completion_tokens": 16_000}),
    ],
)
def test_what_does_not_fit_is_refused_with_ways_each_of_which_works(
    kind: DeviceKind, changed: dict[str, Any]
) -> None:
    device = DeviceMemory(kind, 8000)
    found = needs(device, **changed)
    assert not found.fits
    assert found.ways
    for way in found.ways:
        tokens = way.get("tokens")
        change = way if tokens is None else {"prompt_tokens": tokens, "completion_tokens": tokens}
        assert needs(device, **{**changed, **change}).fits


def test_what_fits_has_no_ways() -> None:
    assert needs().payload()["ways"] == ()
