"""Packing changes only speed; a step moves probabilities the right way; checkpoints continue."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import VOCABULARY

from azr_engine.adapters import LoraSettings
from azr_engine.checkpoints import CheckpointStore
from azr_engine.errors import EngineError
from azr_engine.losses import LossSettings
from azr_engine.optimizers import AdamSettings
from azr_engine.packing import MicroBatchLimits, TrainingSequence
from azr_engine.policy import Policy, load_policy
from azr_engine.probing import FastPaths
from azr_engine.training import ForwardResult, Trainer

PLAIN = FastPaths(shared_prompt_training=False, chunked_head=False)
FAST = FastPaths(shared_prompt_training=True, chunked_head=True)
ADAM = AdamSettings(learning_rate=1e-2, epsilon=1e-8, grad_clip_norm=1.0)


def batch(seed: int = 0) -> list[TrainingSequence]:
    """Four groups of five completions of unequal length, and one prompt alone."""
    stream = random.Random(seed)
    sequences: list[TrainingSequence] = []
    for size in (5, 5, 5, 5, 1):
        prompt = [stream.randrange(VOCABULARY) for _ in range(stream.randrange(1, 30))]
        for _ in range(size):
            completion = [stream.randrange(VOCABULARY) for _ in range(stream.randrange(1, 12))]
            whole = prompt + completion
            context = [0.0] * (len(prompt) - 1)
            log_probs = context + [-3 - stream.random() for _ in completion]
            advantages = context + [stream.gauss(0, 1) for _ in completion]
            weights = context + [1.0] * len(completion)
            sequences.append(
                TrainingSequence(
                    whole[:-1], whole[1:], len(context), log_probs, advantages, weights
                )
            )
    return sequences


def gradients(trainer: Trainer) -> list[torch.Tensor]:
    return [p.grad.clone() for _, p in trainer.policy.trainable_parameters() if p.grad is not None]


def run(
    policy: Policy, paths: FastPaths, limits: MicroBatchLimits
) -> tuple[ForwardResult, list[torch.Tensor]]:
    trainer = Trainer(policy, paths, limits)
    result = trainer.forward(batch(), LossSettings("ppo"), backward=True)
    collected = gradients(trainer)
    trainer.optimizers.discard_gradients()
    return result, collected


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2"])
def test_packed_equals_separate_rows(
    model_folder: Callable[[str], Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log-probabilities and gradients agree to 1e-5, whatever the micro-batches and head chunks."""
    policy = load_policy(model_folder(kind), lora=None)
    alone, alone_gradients = run(policy, PLAIN, MicroBatchLimits(tokens=1))
    monkeypatch.setattr("azr_engine.scoring.CHUNK_LOGITS", VOCABULARY * 7)
    packed, packed_gradients = run(policy, FAST, MicroBatchLimits(tokens=300))
    for one, other in zip(alone.log_probs, packed.log_probs, strict=True):
        assert other == pytest.approx(one, abs=1e-5)
    for one, other in zip(alone_gradients, packed_gradients, strict=True):
        scale = max(1.0, one.abs().max().item())
        assert (one - other).abs().max().item() <= 1e-5 * scale
    assert packed.metrics == pytest.approx(alone.metrics, rel=1e-4, abs=1e-5)


def test_requests_accumulate_until_the_step(llama: Policy) -> None:
    trainer = Trainer(llama, FAST)
    trainer.forward(batch(), LossSettings("ppo"), backward=True)
    together = gradients(trainer)
    trainer.optimizers.discard_gradients()
    for sequence in batch():
        trainer.forward([sequence], LossSettings("ppo"), backward=True)
    for one, other in zip(together, gradients(trainer), strict=True):
        assert (one - other).abs().max().item() <= 1e-5 * max(1.0, one.abs().max().item())


def test_gradient_norm_is_reported_and_clipped(llama: Policy) -> None:
    trainer = Trainer(llama, FAST)
    trainer.forward(batch(), LossSettings("ppo"), backward=True)
    expected = torch.cat([part.flatten().double() for part in gradients(trainer)]).norm().item()
    assert trainer.step(ADAM)["grad_norm:mean"] == pytest.approx(expected, rel=1e-5)
    with pytest.raises(EngineError, match="no gradients"):
        trainer.step(ADAM)


def test_one_step_raises_good_completions_and_lowers_bad_ones(llama: Policy) -> None:
    trainer = Trainer(llama, FAST)
    prompt, good, bad = [5, 6, 7], [8, 9, 10], [11, 12, 13]
    sequences = [
        TrainingSequence(
            prompt + completion[:-1],
            prompt[1:] + completion,
            2,
            [0.0] * 5,
            [0.0, 0.0] + [advantage] * 3,
            [0.0] * 5,
        )
        for completion, advantage in ((good, 1.0), (bad, -1.0))
    ]
    before = trainer.forward(
        sequences, LossSettings("importance_sampling"), backward=False
    ).log_probs
    current = [
        TrainingSequence(s.inputs, s.targets, s.start, values, s.advantages, s.weights)
        for s, values in zip(sequences, before, strict=True)
    ]
    trainer.forward(current, LossSettings("ppo"), backward=True)
    trainer.step(AdamSettings(learning_rate=1e-3, epsilon=1e-8))
    after = trainer.forward(current, LossSettings("ppo"), backward=False).log_probs
    assert sum(after[0]) > sum(before[0])
    assert sum(after[1]) < sum(before[1])


def test_lora_trains_adapters_only(model_folder: Callable[[str], Path]) -> None:
    policy = load_policy(model_folder("llama"), LoraSettings(rank=4, alpha=8.0, seed=1))
    trainer = Trainer(policy, FAST)
    before = {name: value.clone() for name, value in policy.model.named_parameters()}
    trainer.forward(batch(), LossSettings("ppo"), backward=True)
    trainer.step(ADAM)
    changed = {
        n for n, value in policy.model.named_parameters() if not torch.equal(value, before[n])
    }
    # Adapters start with a zero B, so the first step reaches B alone.
    assert changed == {name for name in before if "lora_B" in name}
    layers = {name.split(".lora_B")[0].rsplit(".", 1)[1] for name in changed}
    assert layers == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


@pytest.mark.parametrize(
    "lora", [None, LoraSettings(4, 8.0, seed=1), LoraSettings(4, 8.0, seed=1, dropout=0.2)]
)
def test_checkpoint_continues_bit_for_bit(
    model_folder: Callable[[str], Path], tmp_path: Path, lora: LoraSettings | None
) -> None:
    def advance(trainer: Trainer, seed: int) -> None:
        trainer.forward(batch(seed), LossSettings("ppo"), backward=True)
        trainer.step(ADAM)

    store = CheckpointStore(tmp_path)
    path = store.path("model-a", "weights", "one")
    unbroken = Trainer(load_policy(model_folder("llama"), lora), FAST)
    advance(unbroken, 1)
    store.save_training(path, unbroken)
    torch.rand(3)
    drawn = torch.rand(3)
    advance(unbroken, 2)

    resumed = Trainer(load_policy(model_folder("llama"), lora), FAST)
    store.load_training(path, resumed, optimizer=True)
    torch.rand(3)
    assert torch.equal(torch.rand(3), drawn)
    advance(resumed, 2)
    pairs = zip(
        unbroken.policy.trainable_parameters(), resumed.policy.trainable_parameters(), strict=True
    )
    assert all(torch.equal(one, other) for (_, one), (_, other) in pairs)
    assert [entry.name for entry in tmp_path.iterdir()] == ["one"]


def test_a_failed_save_leaves_the_previous_checkpoint(
    llama: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = CheckpointStore(tmp_path)
    path = store.path("model-a", "weights", "one")
    trainer = Trainer(llama, FAST)
    store.save_training(path, trainer)
    saved = (tmp_path / "one" / "weights.safetensors").read_bytes()

    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("azr_engine.checkpoints.save_file", fail)
    with pytest.raises(EngineError, match="No space left"):
        store.save_training(path, trainer)
    assert [entry.name for entry in tmp_path.iterdir()] == ["one"]
    assert (tmp_path / "one" / "weights.safetensors").read_bytes() == saved


def test_a_checkpoint_of_another_kind_is_refused(
    llama: Policy, model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    store = CheckpointStore(tmp_path)
    path = store.path("model-a", "weights", "full")
    store.save_training(path, Trainer(llama, FAST))
    adapters = Trainer(load_policy(model_folder("llama"), LoraSettings(4, 8.0, 1)), FAST)
    with pytest.raises(EngineError, match="different model"):
        store.load_training(path, adapters, optimizer=True)
