"""
Log-probabilities, losses and gradients against a model written out in float64, one sequence at a
time, without transformers, PEFT, packing, chunks or recomputation. What the trainer computes in
float32 agrees within `TOLERANCE`, relative to the largest value of a tensor where that exceeds 1.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import VOCABULARY
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from azr_engine.adapters import LoraSettings
from azr_engine.losses import LOSS_NAMES, LossName, LossSettings
from azr_engine.optimizers import AdamSettings
from azr_engine.packing import MicroBatchLimits, TrainingSequence
from azr_engine.policy import Policy, load_policy
from azr_engine.probing import FastPaths
from azr_engine.scoring import TokenScores, token_scores
from azr_engine.training import Trainer

TOLERANCE = 2e-5
LOW, HIGH = 0.8, 1.28
LORA = LoraSettings(rank=4, alpha=8.0, seed=1)
PLAIN = FastPaths(shared_prompt_training=False, chunked_head=False)
FAST = FastPaths(shared_prompt_training=True, chunked_head=True)
Weights = dict[str, Tensor]


class Reference:
    """Llama and Qwen 2 by their papers: RMS norm, rotary positions, SwiGLU, grouped heads."""

    def __init__(self, folder: Path, weights: Weights) -> None:
        self.config = json.loads((folder / "config.json").read_text())
        self.weights = weights

    def log_probs(self, inputs: list[int]) -> Tensor:
        """[L, V], of the token after each input."""
        hidden = self.weights["model.embed_tokens.weight"][torch.tensor(inputs)]
        for layer in range(self.config["num_hidden_layers"]):
            name = f"model.layers.{layer}"
            hidden = hidden + self._attention(
                f"{name}.self_attn", self._norm(f"{name}.input_layernorm", hidden)
            )
            normed = self._norm(f"{name}.post_attention_layernorm", hidden)
            gate = self._linear(f"{name}.mlp.gate_proj", normed)
            up = self._linear(f"{name}.mlp.up_proj", normed)
            gated = gate / (1 + torch.exp(-gate)) * up
            hidden = hidden + self._linear(f"{name}.mlp.down_proj", gated)
        tied = self.weights["model.embed_tokens.weight"]
        head = self.weights.get("lm_head.weight", tied)
        logits = self._norm("model.norm", hidden) @ head.T
        return logits - torch.logsumexp(logits, dim=-1, keepdim=True)

    def _linear(self, name: str, values: Tensor) -> Tensor:
        product = values @ self.weights[f"{name}.weight"].T
        bias = self.weights.get(f"{name}.bias")
        return product if bias is None else product + bias

    def _norm(self, name: str, values: Tensor) -> Tensor:
        square = values.pow(2).mean(dim=-1, keepdim=True) + self.config["rms_norm_eps"]
        return values / square.sqrt() * self.weights[f"{name}.weight"]

    def _attention(self, name: str, values: Tensor) -> Tensor:
        length, heads = len(values), self.config["num_attention_heads"]
        width = self.config["hidden_size"] // heads
        queries, keys, others = (
            self._linear(f"{name}.{kind}_proj", values).view(length, -1, width)
            for kind in ("q", "k", "v")
        )
        outputs: list[Tensor] = []
        for head in range(heads):
            shared = head * keys.shape[1] // heads
            scores = _rotated(queries[:, head]) @ _rotated(keys[:, shared]).T / math.sqrt(width)
            hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
            outputs.append(scores.masked_fill(hidden, -math.inf).softmax(-1) @ others[:, shared])
        return self._linear(f"{name}.o_proj", torch.cat(outputs, dim=-1))


def _rotated(values: Tensor, base: float = 10_000.0) -> Tensor:
    """Su et al. 2021, in the half-and-half arrangement that these checkpoints have."""
    length, width = values.shape
    half = width // 2
    frequencies = [base ** (-2 * i / width) for i in range(half)]
    angles = [[position * frequency for frequency in frequencies] for position in range(length)]
    cosine = torch.tensor(angles, dtype=torch.float64).cos()
    sine = torch.tensor(angles, dtype=torch.float64).sin()
    first, second = values[:, :half], values[:, half:]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=1)


def token_loss(name: LossName, trainer: Tensor, row: tuple[float, float, float]) -> Tensor:
    """One token's share of the sum, case by case."""
    sampler, advantage, weight = row
    ratio = torch.exp(trainer - sampler)
    if name == "cross_entropy":
        return -weight * trainer
    if name == "importance_sampling":
        return -ratio * advantage
    if name == "cispo":
        return -min(max(ratio.item(), LOW), HIGH) * advantage * trainer
    if advantage > 0 and ratio.item() > HIGH:
        return torch.zeros_like(trainer) - HIGH * advantage
    if advantage < 0 and ratio.item() < LOW:
        return torch.zeros_like(trainer) - LOW * advantage
    return -ratio * advantage


def batch(policy: Policy) -> list[TrainingSequence]:
    """Three groups; sampler log-probabilities lie around the trainer's, so that clips bite."""
    stream = random.Random(5)
    sequences: list[TrainingSequence] = []
    for size in (4, 3, 1):
        prompt = [stream.randrange(VOCABULARY) for _ in range(stream.randrange(2, 16))]
        for _ in range(size):
            completion = [stream.randrange(VOCABULARY) for _ in range(stream.randrange(1, 9))]
            whole, context = prompt + completion, [0.0] * (len(prompt) - 1)
            advantages = [stream.gauss(0, 1) for _ in completion]
            weights = [stream.random() + 0.1 for _ in completion]
            sequence = TrainingSequence(
                *(whole[:-1], whole[1:], len(context), context + advantages),
                *(context + advantages, context + weights),
            )
            trainer = Trainer(policy, PLAIN)
            (values,) = trainer.forward([sequence], LossSettings("ppo"), backward=False).log_probs
            near = [value + stream.gauss(0, 0.3) for value in values[len(context) :]]
            sequences.append(
                TrainingSequence(
                    *(sequence.inputs, sequence.targets, sequence.start),
                    *(context + near, sequence.advantages, sequence.weights),
                )
            )
    return sequences


def parameters_in_float64(policy: Policy) -> Weights:
    return {
        name: value.detach().double().requires_grad_()
        for name, value in policy.trainable_parameters()
    }


def effective_weights(folder: Path, parameters: Weights) -> Weights:
    """The checkpoint's names; with adapters W + alpha / rank * B A, of Hu et al. 2021."""
    if not any("lora_A" in name for name in parameters):
        return parameters
    weights = {n: v.double() for n, v in load_file(folder / "model.safetensors").items()}
    for name, first in parameters.items():
        if "lora_A" in name:
            second = parameters[name.replace("lora_A", "lora_B")]
            target = name.removeprefix("base_model.model.").replace(".lora_A.default", "")
            weights[target] = weights[target] + LORA.alpha / LORA.rank * second @ first
    return weights


def assert_near(actual: Tensor, expected: Tensor) -> None:
    scale = max(1.0, expected.abs().max().item())
    assert (actual.double() - expected).abs().max().item() <= TOLERANCE * scale


@pytest.mark.parametrize(
    ("name", "kind", "lora"),
    [*((name, "qwen2", None) for name in LOSS_NAMES), ("ppo", "llama", LORA)],
)
def test_trainer_matches_float64(
    model_folder: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    name: LossName,
    kind: str,
    lora: LoraSettings | None,
) -> None:
    folder = model_folder(kind)
    policy = load_policy(folder, lora)
    torch.manual_seed(3)
    for parameter_name, parameter in policy.trainable_parameters():
        # A fresh adapter's B is 0, which would hide A from the gradients.
        if "lora_B" in parameter_name:
            torch.nn.init.normal_(parameter, std=0.1)
    sequences = batch(policy)
    parameters = parameters_in_float64(policy)
    reference = Reference(folder, effective_weights(folder, parameters))
    config = {"clip_low_threshold": LOW, "clip_high_threshold": HIGH}
    loss = LossSettings.parse(name, config if name in ("ppo", "cispo") else {})

    total = torch.zeros((), dtype=torch.float64)
    expected: list[list[float]] = []
    for sequence in sequences:
        rows = reference.log_probs(sequence.inputs)
        values = [rows[i, target] for i, target in enumerate(sequence.targets)]
        expected.append([value.item() for value in values[sequence.start :]])
        inputs = zip(
            *(sequence.sampler_log_probs, sequence.advantages, sequence.weights), strict=True
        )
        per_token = zip(values, inputs, strict=True)
        for value, row in list(per_token)[sequence.start :]:
            total = total + token_loss(name, value, row)
    total.backward()

    # Several rows, several head chunks, every layer computed twice.
    monkeypatch.setattr("azr_engine.scoring.CHUNK_LOGITS", VOCABULARY * 5)
    for paths, recompute in ((PLAIN, False), (FAST, True)):
        trainer = Trainer(policy, paths, MicroBatchLimits(tokens=60), recompute)
        result = trainer.forward(sequences, loss, backward=True)
        assert result.metrics["loss:sum"] == pytest.approx(total.item(), rel=TOLERANCE, abs=1e-4)
        for sequence, values, wanted in zip(sequences, result.log_probs, expected, strict=True):
            assert_near(torch.tensor(values[sequence.start :]), torch.tensor(wanted).double())
        for parameter_name, parameter in policy.trainable_parameters():
            gradient = parameters[parameter_name].grad
            assert parameter.grad is not None and gradient is not None
            assert gradient.abs().max() > 0
            assert_near(parameter.grad, gradient)
        trainer.optimizers.discard_gradients()


def test_entropy_is_not_computed_again_in_the_backward_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[int] = []

    def count(values: Tensor) -> Tensor:
        counted.append(len(values))
        return torch.special.entr(values.exp()).sum(dim=-1)

    monkeypatch.setattr("azr_engine.scoring._entropy", count)
    head = torch.randn(4, VOCABULARY, requires_grad=True)
    hidden, tokens = torch.randn(3, 4), torch.tensor([0, 1, 2])

    def compute(hidden: Tensor) -> TokenScores:
        return token_scores(hidden @ head, tokens, LossSettings("ppo"))

    log_probs, entropy, *_ = checkpoint(compute, hidden, use_reentrant=False)
    (-log_probs.sum()).backward()
    assert counted == [3]
    assert head.grad is not None and head.grad.abs().max() > 0
    expected = torch.distributions.Categorical(logits=(hidden @ head).detach()).entropy()
    assert entropy.tolist() == pytest.approx(expected.tolist(), rel=1e-5)


def test_the_most_probable_token_is_the_one_that_no_other_outdoes(
    model_folder: Callable[[str], Path],
) -> None:
    policy = load_policy(model_folder("llama"), lora=None)
    trainer = Trainer(policy, FAST)
    inputs, place = [5, 6, 7], 2
    zeros, weights = [0.0] * 3, [0.0, 0.0, 1.0]
    every = [
        TrainingSequence(inputs, [6, 7, token], place, zeros, zeros, weights, zeros)
        for token in range(policy.vocabulary_size())
    ]
    result = trainer.forward(every, LossSettings("cross_entropy"), backward=False)
    log_probs = [values[place] for values in result.log_probs]
    best = max(range(len(every)), key=log_probs.__getitem__)
    assert {tuple(scores.top_tokens) for scores in result.scores} == {(best,)}
    for scores in result.scores:
        assert scores.top_log_probs == pytest.approx([log_probs[best]], abs=1e-5)
    updated = trainer.forward(every[:1], LossSettings("cross_entropy"), backward=True)
    assert updated.scores[0].top_tokens == []


def test_adamw_matches_float64(model_folder: Callable[[str], Path]) -> None:
    """Loshchilov and Hutter 2019, algorithm 2, after the gradient's norm was clipped."""
    policy = load_policy(model_folder("llama"), lora=None)
    trainer = Trainer(policy, FAST)
    adam = AdamSettings(1e-2, 0.9, 0.95, 1e-8, weight_decay=0.1, grad_clip_norm=0.5)
    sequences = batch(policy)
    expected = {n: v.detach().double() for n, v in policy.trainable_parameters()}
    first = {name: torch.zeros_like(value) for name, value in expected.items()}
    second = {name: torch.zeros_like(value) for name, value in expected.items()}
    for step in (1, 2, 3):
        trainer.forward(sequences, LossSettings("importance_sampling"), backward=True)
        gradients = {
            name: value.grad.double()
            for name, value in policy.trainable_parameters()
            if value.grad is not None
        }
        norm = math.sqrt(sum(value.pow(2).sum().item() for value in gradients.values()))
        assert norm > adam.grad_clip_norm
        for name, value in expected.items():
            gradient = gradients[name] * adam.grad_clip_norm / norm
            first[name] = adam.beta1 * first[name] + (1 - adam.beta1) * gradient
            second[name] = adam.beta2 * second[name] + (1 - adam.beta2) * gradient**2
            corrected = first[name] / (1 - adam.beta1**step)
            scale = (second[name] / (1 - adam.beta2**step)).sqrt() + adam.epsilon
            decayed = value * (1 - adam.learning_rate * adam.weight_decay)
            expected[name] = decayed - adam.learning_rate * corrected / scale
        trainer.step(adam)
        # The next gradients are the model's own: those of slightly other weights would drift.
        for name, parameter in policy.trainable_parameters():
            assert (parameter.double() - expected[name]).abs().max().item() <= 1e-5


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "gemma2"])
def test_recomputed_layers_change_no_bit(model_folder: Callable[[str], Path], kind: str) -> None:
    """Not even with dropout, whose random numbers are drawn once and used twice."""
    dropping = LoraSettings(rank=4, alpha=8.0, seed=1, dropout=0.3)
    collected: list[list[Tensor]] = []
    for recompute in (False, True):
        policy = load_policy(model_folder(kind), dropping)
        trainer = Trainer(policy, PLAIN, recompute_layers=recompute)
        assert trainer.memory.recompute_layers is recompute
        torch.manual_seed(4)
        trainer.forward(batch(policy), LossSettings("ppo"), backward=True)
        grads = [p.grad for _, p in policy.trainable_parameters() if p.grad is not None]
        collected.append(grads)
    assert len(collected[0]) > 0
    assert all(torch.equal(one, other) for one, other in zip(*collected, strict=True))


def test_dropout_acts_on_adapters_in_gradient_passes_only(
    model_folder: Callable[[str], Path],
) -> None:
    policy = load_policy(model_folder("llama"), LoraSettings(4, 8.0, seed=1, dropout=0.5))
    for name, parameter in policy.trainable_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    trainer = Trainer(policy, FAST)
    sequences = batch(policy)

    def log_probs(backward: bool) -> list[list[float]]:
        return trainer.forward(sequences, LossSettings("ppo"), backward).log_probs

    assert log_probs(backward=False) == log_probs(backward=False)
    assert log_probs(backward=True) != log_probs(backward=True)
    assert not any(module.training for module in policy.model.modules())


def test_logits_never_exist_for_all_tokens(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for a model whose head is more than a matrix either: Gemma 2 caps its logits."""
    policy = load_policy(model_folder("gemma2"), lora=None)
    largest = 0
    head = policy.network.get_output_embeddings()

    def measure(_module: object, _arguments: object, output: Tensor) -> None:
        nonlocal largest
        largest = max(largest, output.numel())

    head.register_forward_hook(measure)
    monkeypatch.setattr("azr_engine.scoring.CHUNK_LOGITS", VOCABULARY * 6)
    paths = FastPaths(shared_prompt_training=False, chunked_head=True)
    trainer = Trainer(policy, paths)
    sequences = batch(policy)
    trainer.forward(sequences, LossSettings("ppo"), backward=True)
    assert sum(len(item.targets) - item.start for item in sequences) > 12
    assert largest == VOCABULARY * 6


def test_what_is_dropped_depends_on_seed_and_place_alone(
    model_folder: Callable[[str], Path],
) -> None:
    """Not on what else drew random numbers, so that a step repeated after a restart is the same."""

    def gradients(seed: int, disturbed: bool) -> list[list[Tensor]]:
        policy = load_policy(model_folder("llama"), LoraSettings(4, 8.0, seed=seed, dropout=0.4))
        for name, parameter in policy.trainable_parameters():
            if "lora_B" in name:
                torch.nn.init.constant_(parameter, 0.1)
            else:
                torch.nn.init.constant_(parameter, 0.2)
        trainer = Trainer(policy, FAST, MicroBatchLimits(tokens=60))
        collected: list[list[Tensor]] = []
        for _ in range(2):
            if disturbed:
                torch.rand(5)
                trainer.forward(sequences, LossSettings("ppo"), backward=False)
            before = torch.get_rng_state()
            trainer.forward(sequences, LossSettings("ppo"), backward=True)
            assert torch.equal(torch.get_rng_state(), before)
            grads = [p.grad for _, p in policy.trainable_parameters() if p.grad is not None]
            collected.append(grads)
            trainer.step(AdamSettings(learning_rate=0.0))
        return collected

    def same(one: list[Tensor], other: list[Tensor]) -> bool:
        return all(torch.equal(left, right) for left, right in zip(one, other, strict=True))

    sequences = batch(load_policy(model_folder("llama"), lora=None))
    first, second = gradients(1, disturbed=False)
    again = gradients(1, disturbed=True)
    assert same(first, again[0]) and same(second, again[1])
    # The learning rate is 0, so nothing but what was dropped tells the two steps apart.
    assert not same(first, second)
    assert not same(first, gradients(2, disturbed=False)[0])
