"""Muon: its step by hand, how it stands beside the policy's AdamW, and its place in checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_training import ADAM, FAST, batch
from torch import Tensor

from azr_engine.adapters import LoraSettings
from azr_engine.capabilities import capabilities
from azr_engine.checkpoints import CheckpointStore
from azr_engine.errors import EngineError
from azr_engine.fields import Fields
from azr_engine.losses import LossSettings
from azr_engine.optimizers import AdamSettings
from azr_engine.policy import Policy, load_policy
from azr_engine.requests import parse_adam
from azr_engine.training import Trainer

LORA = LoraSettings(4, 8.0, seed=1)
MUON = replace(ADAM, optimizer="muon")


def advance(trainer: Trainer, seed: int, adam: AdamSettings) -> dict[str, Tensor]:
    """One step; returns the gradients that it was taken on, clipped."""
    trainer.forward(batch(seed), LossSettings("cross_entropy"), backward=True)
    gradients = {
        name: parameter.grad.detach().clone().double()
        for name, parameter in trainer.policy.trainable_parameters()
        if parameter.grad is not None
    }
    norm = trainer.step(adam)["grad_norm:mean"]
    scale = min(1.0, adam.grad_clip_norm / norm) if adam.grad_clip_norm else 1.0
    return {name: gradient * scale for name, gradient in gradients.items()}


def weights(policy: Policy) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in policy.trainable_parameters()}


def orthogonalized(matrix: Tensor) -> Tensor:
    """The five quintic Newton-Schulz iterations of https://kellerjordan.github.io/posts/muon/."""
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    # The first gradient of half of the adapters is 0, and so is their step.
    x = wide / wide.norm().clamp(min=1e-7)
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x if wide is matrix else x.T


@pytest.mark.parametrize("lora", [None, LORA])
def test_two_steps_equal_a_computation_by_hand(
    model_folder: Callable[[str], Path], lora: LoraSettings | None
) -> None:
    """
    In float64 here and in bfloat16 there, whose eight bits the iterations amplify. A step without
    weight decay or look-ahead, of another momentum or a tenth larger is outside the tolerance.
    """
    adam = replace(MUON, learning_rate=1e-2, weight_decay=0.1, grad_clip_norm=0.5)
    trainer = Trainer(load_policy(model_folder("llama"), lora), FAST)
    kept: dict[str, Tensor] = {}
    squares: dict[str, Tensor] = {}
    kinds: set[str] = set()
    for step in (1, 2):
        before = weights(trainer.policy)
        gradients = advance(trainer, step, adam)
        for name, parameter in trainer.policy.trainable_parameters():
            gradient, zeros = gradients[name], torch.zeros_like(gradients[name])
            is_matrix = parameter.ndim == 2 and "embed_tokens" not in name
            kinds.add("matrix" if is_matrix else "other")
            if is_matrix:
                kept[name] = 0.95 * kept.get(name, zeros) + 0.05 * gradient
                ahead = 0.95 * kept[name] + 0.05 * gradient
                rate = adam.learning_rate
                size = 0.2 * max(parameter.shape) ** 0.5
                change = size * orthogonalized(ahead)
            else:
                kept[name] = 0.9 * kept.get(name, zeros) + 0.1 * gradient
                squares[name] = 0.98 * squares.get(name, zeros) + 0.02 * gradient**2
                rate = adam.learning_rate / 2
                mean, square = kept[name] / (1 - 0.9**step), squares[name] / (1 - 0.98**step)
                change = mean / (square.sqrt() + adam.epsilon)
            expected = before[name].double() * (1 - rate * adam.weight_decay) - rate * change
            error = (parameter.detach().double() - expected).norm().item()
            tolerance = 0.05 if is_matrix else 1e-4
            assert error <= tolerance * rate * change.norm().item() + 1e-7, (name, step)
    assert kinds == ({"matrix", "other"} if lora is None else {"matrix"})


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2"])
def test_embeddings_and_head_are_no_matrices_here(
    model_folder: Callable[[str], Path], kind: str
) -> None:
    trainer = Trainer(load_policy(model_folder(kind), lora=None), FAST)
    advance(trainer, 1, MUON)
    assert trainer.optimizers.muon is not None
    state = trainer.optimizers.muon.state()
    by_muon = {name for name, kept in state.items() if "momentum_buffer" in kept}
    assert state.keys() == weights(trainer.policy).keys()
    spared = ("embed_tokens", "lm_head", "wte", "wpe", "norm", "ln_", "bias")
    assert by_muon == {name for name in state if not any(part in name for part in spared)}
    assert by_muon


def test_the_state_of_the_policys_optimizer_is_left_alone(llama: Policy) -> None:
    trainer = Trainer(llama, FAST)
    advance(trainer, 1, ADAM)
    assert trainer.optimizers.muon is None

    def state() -> list[Tensor]:
        return [
            value.clone()
            for kept in trainer.optimizers.adamw.state.values()
            for value in kept.values()
        ]

    before, weights_before = state(), weights(llama)
    advance(trainer, 2, replace(MUON, average_decay=0.5))
    assert all(torch.equal(*pair) for pair in zip(before, state(), strict=True))
    assert any(not torch.equal(value, weights_before[n]) for n, value in weights(llama).items())
    # What belongs to a step belongs to one of Muon too.
    assert trainer.steps_taken == 2 and trainer.optimizers.average is not None
    with pytest.raises(EngineError, match="no gradients"):
        trainer.step(MUON)


def test_gradients_that_are_not_finite_are_discarded(llama: Policy) -> None:
    trainer = Trainer(llama, FAST)
    before = weights(llama)
    trainer.forward(batch(1), LossSettings("cross_entropy"), backward=True)
    (_, first), *_ = llama.trainable_parameters()
    assert first.grad is not None
    first.grad[0] = float("nan")
    with pytest.raises(EngineError) as caught:
        trainer.step(MUON)
    assert caught.value.code == "gradient_not_finite"
    assert all(torch.equal(value, before[name]) for name, value in weights(llama).items())
    assert all(parameter.grad is None for _, parameter in llama.trainable_parameters())


@pytest.mark.parametrize("lora", [None, LORA])
@pytest.mark.parametrize("earlier", [[], [ADAM], [MUON], [ADAM, MUON]])
def test_a_checkpoint_continues_bit_for_bit(
    model_folder: Callable[[str], Path],
    tmp_path: Path,
    lora: LoraSettings | None,
    earlier: list[AdamSettings],
) -> None:
    store = CheckpointStore(tmp_path)
    path = store.path("model-a", "weights", "one")
    unbroken = Trainer(load_policy(model_folder("llama"), lora), FAST)
    for seed, adam in enumerate(earlier):
        advance(unbroken, seed, adam)
    store.save_training(path, unbroken)
    saved = load_file(tmp_path / "one" / "optimizer.safetensors")
    assert any(name.startswith("muon/") for name in saved) == (MUON in earlier)

    resumed = Trainer(load_policy(model_folder("llama"), lora), FAST)
    # Of another past, of which nothing may stay.
    for seed, adam in enumerate((ADAM, MUON)):
        advance(resumed, 10 + seed, adam)
    store.load_training(path, resumed, optimizer=True)
    assert (resumed.optimizers.muon is None) == (MUON not in earlier)
    for trainer in (unbroken, resumed):
        for seed, adam in enumerate((MUON, ADAM, MUON)):
            advance(trainer, 20 + seed, adam)
    others = weights(resumed.policy)
    assert all(torch.equal(value, others[name]) for name, value in weights(unbroken.policy).items())

    store.load_training(path, resumed, optimizer=False)
    assert resumed.optimizers.muon is None


def test_what_a_request_may_ask_for() -> None:
    assert parse_adam(Fields({"learning_rate": 0.1})).optimizer == "adamw"
    assert parse_adam(Fields({"learning_rate": 0.1, "optimizer": "muon"})).optimizer == "muon"
    with pytest.raises(EngineError, match="optimizer must be one of adamw, muon") as caught:
        parse_adam(Fields({"learning_rate": 0.1, "optimizer": "lion"}))
    assert caught.value.code == "invalid_request"


def test_the_engine_declares_both_optimizers(model_folder: Callable[[str], Path]) -> None:
    declared = capabilities(model_folder("llama"))["extensions"]["optimizers"]
    assert declared == ["adamw", "muon"]
