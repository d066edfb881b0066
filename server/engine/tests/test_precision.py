"""Which numeric types are used where, decided without the devices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from test_sampling import as_training

from azr_engine.adapters import LoraSettings
from azr_engine.decoding import DecodingBatch, PaddedDecoder, SharedPrefixDecoder
from azr_engine.errors import EngineError
from azr_engine.losses import LossSettings
from azr_engine.optimizers import AdamSettings
from azr_engine.policy import Policy, load_policy
from azr_engine.precision import (
    Precision,
    TrainedKind,
    choose_device,
    choose_precision,
    sampler_matches_trainer,
)
from azr_engine.probing import LARGEST_DIFFERENCE, probe, probe_decoding
from azr_engine.sampling import SampleItem, sample
from azr_engine.sampling_parameters import SamplingParameters
from azr_engine.training import Trainer

LOSS = LossSettings("importance_sampling")
FLOAT = Precision(torch.float32, None, sampling_copy=False)


@pytest.mark.parametrize("trained", ["full", "lora", "none"])
@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_processors_and_metal_compute_in_float32(device: str, trained: TrainedKind) -> None:
    assert choose_precision(device, trained, has_bfloat16=True) == FLOAT


@pytest.mark.parametrize("trained", ["full", "lora", "none"])
def test_an_older_gpu_computes_in_float32(trained: TrainedKind) -> None:
    assert choose_precision("cuda", trained, has_bfloat16=False) == FLOAT


def test_trained_weights_stay_in_float32_and_are_sampled_from_a_copy() -> None:
    precision = choose_precision("cuda", "full", has_bfloat16=True)
    assert precision == Precision(torch.float32, torch.bfloat16, sampling_copy=True)
    assert precision.computed == torch.bfloat16


def test_frozen_weights_are_bfloat16() -> None:
    adapters = choose_precision("cuda", "lora", has_bfloat16=True)
    assert adapters == Precision(torch.bfloat16, torch.bfloat16, sampling_copy=False)
    assert choose_precision("cuda", "none", has_bfloat16=True) == Precision(
        torch.bfloat16, None, sampling_copy=False
    )


def test_a_cpu_declares_that_its_sampler_matches() -> None:
    assert sampler_matches_trainer(torch.device("cpu"))


@pytest.mark.parametrize("lora", [None, LoraSettings(4, 8.0, seed=1)])
def test_mixed_precision_samples_trains_and_keeps_float32(
    model_folder: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    lora: LoraSettings | None,
) -> None:
    """What CUDA would do, done by the CPU, which has bfloat16 too, if slowly."""
    plain = load_policy(model_folder("qwen2"), lora)
    trained = "full" if lora is None else "lora"
    mixed = choose_precision("cuda", trained, has_bfloat16=True)
    monkeypatch.setattr("azr_engine.policy.choose_precision", lambda *_: mixed)
    policy = load_policy(model_folder("qwen2"), lora)
    assert {p.dtype for _, p in policy.trainable_parameters()} == {torch.float32}
    paths = probe(policy)
    items = [SampleItem((5, 6, 7), 4)]
    (group,) = sample(policy, items, SamplingParameters(12, seed=2), probe_decoding(policy))
    sequences = [as_training((5, 6, 7), row) for row in group]
    expected = Trainer(plain, probe(plain)).forward(sequences, LOSS, backward=False)
    trainer = Trainer(policy, paths)
    result = trainer.forward(sequences, LOSS, backward=True)
    for row, scored, exact in zip(group, result.log_probs, expected.log_probs, strict=True):
        assert scored[2:] != exact[2:]
        assert scored[2:] == pytest.approx(exact[2:], abs=0.15)
        assert row.log_probs == pytest.approx(scored[2:], abs=0.15)
    grads = [p.grad for _, p in policy.trainable_parameters() if p.grad is not None]
    assert {grad.dtype for grad in grads} == {torch.float32}
    before = [p.detach().clone() for _, p in policy.trainable_parameters()]
    # Of weights around 0.3, bfloat16 could not hold a change this small.
    trainer.step(AdamSettings(learning_rate=1e-6, epsilon=1e-8))
    changed = zip(before, policy.trainable_parameters(), strict=True)
    assert any(not torch.equal(old, new) for old, (_, new) in changed)


def test_a_gpu_is_left_alone_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("AZR_DEVICE", "cpu")
    assert choose_device() == torch.device("cpu")
    for anything in ("auto", ""):
        monkeypatch.setenv("AZR_DEVICE", anything)
        assert choose_device() == torch.device("cuda", 0)
    monkeypatch.setenv("AZR_DEVICE", "gpu")
    with pytest.raises(EngineError, match="'gpu', which names no device") as caught:
        choose_device()
    assert "cpu" in caught.value.remedy


def sharp_policy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Policy:
    """In bfloat16, and as sure of its tokens as a trained model: its logits are large."""
    monkeypatch.setattr(
        "azr_engine.policy.choose_precision",
        lambda *_: choose_precision("cuda", "none", has_bfloat16=True),
    )
    policy = load_policy(folder, lora=None, trainable=False)
    with torch.no_grad():
        policy.network.get_decoder().norm.weight.mul_(8)
    return policy


def test_the_rounding_of_large_logits_is_no_reason_to_refuse_a_path(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = sharp_policy(model_folder("llama"), monkeypatch)
    batch = DecodingBatch([[5, 6, 7, 8, 9, 10, 11, 12]], [0, 0, 0, 0], 16)
    differences: list[float] = []
    with torch.inference_mode():
        padded, shared = PaddedDecoder(policy, batch), SharedPrefixDecoder(policy, batch)
        for step in range(16):
            tokens = torch.tensor([4 + step, 5, 20, 21 + step])
            numbers: list[torch.Tensor] = []
            for decoder in (padded, shared):
                with decoder.attending():
                    numbers.append(torch.log_softmax(decoder.step(tokens).float(), dim=-1))
            differences.append(float((numbers[0] - numbers[1]).abs().max()))
    assert max(differences) > LARGEST_DIFFERENCE[torch.bfloat16]
    assert probe_decoding(policy) == "shared-prefix"
    assert probe(policy).shared_prompt_training


def test_a_path_that_takes_other_tokens_is_refused_all_the_same(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = sharp_policy(model_folder("llama"), monkeypatch)
    usual = SharedPrefixDecoder.step
    monkeypatch.setattr(
        SharedPrefixDecoder, "step", lambda decoder, tokens: usual(decoder, tokens.roll(1))
    )
    assert probe_decoding(policy) == "padded"
