"""
What of the objective reaches the weights: the sampling temperature, the entropy bonus and truncated
importance sampling, each against what autograd makes of its definition on plain logits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_training import FAST, PLAIN, batch, gradients

from azr_engine.losses import LossSettings
from azr_engine.packing import TrainingSequence
from azr_engine.policy import Policy, load_policy
from azr_engine.sampling import SampleItem, sample
from azr_engine.sampling_parameters import SamplingParameters
from azr_engine.training import Trainer


def close(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(
        (a - b).abs().max().item() <= 2e-5 * max(1.0, a.abs().max().item())
        for a, b in zip(one, other, strict=True)
    )


def weighted(sequences: list[TrainingSequence]) -> list[TrainingSequence]:
    """Entropy weights 1/T, so that the bonus is a token mean."""
    tokens = sum(len(one.targets) - one.start for one in sequences)
    return [
        replace(
            one,
            entropy_weights=[
                1 / tokens if place >= one.start else 0.0 for place in range(len(one.targets))
            ],
        )
        for one in sequences
    ]


def by_definition(
    policy: Policy, sequences: list[TrainingSequence], temperature: float, coefficient: float
) -> tuple[list[list[float]], list[torch.Tensor]]:
    """
    Log-probabilities, and the gradient of -sum(r * A) - c * (mean entropy over tokens), one
    sequence at a time from the logits that transformers gives.
    """
    tokens = sum(len(one.targets) - one.start for one in sequences)
    log_probs: list[list[float]] = []
    for one in sequences:
        logits = policy.network(input_ids=torch.tensor([one.inputs])).logits[0, one.start :]
        distribution = torch.distributions.Categorical(logits=logits / temperature)
        chosen = distribution.log_prob(torch.tensor(one.targets[one.start :]))
        ratio = (chosen - torch.tensor(one.sampler_log_probs[one.start :])).exp()
        loss = -(ratio * torch.tensor(one.advantages[one.start :])).sum()
        (loss - coefficient * distribution.entropy().sum() / tokens).backward()
        log_probs.append([0.0] * one.start + chosen.tolist())
    collected = [p.grad.clone() for _, p in policy.trainable_parameters() if p.grad is not None]
    policy.model.zero_grad(set_to_none=True)
    return log_probs, collected


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("temperature", "coefficient"), [(0.7, 0.0), (1.0, 5.0), (1.6, 5.0)])
def test_temperature_and_bonus_are_as_defined(
    llama: Policy,
    monkeypatch: pytest.MonkeyPatch,
    temperature: float,
    coefficient: float,
    chunked: bool,
) -> None:
    if chunked:
        monkeypatch.setattr("azr_engine.scoring.CHUNK_LOGITS", 40 * 7)
    config = {"temperature": temperature, "entropy_coefficient": coefficient}
    loss = LossSettings.parse("importance_sampling", config)
    sequences = weighted(batch())
    trainer = Trainer(llama, FAST)
    result = trainer.forward(sequences, loss, backward=True)
    actual = gradients(trainer)
    trainer.optimizers.discard_gradients()
    log_probs, expected = by_definition(llama, sequences, temperature, coefficient)
    for one, other in zip(result.log_probs, log_probs, strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert close(actual, expected)
    # The test can fail: without temperature and bonus the gradient is another one.
    trainer.forward(sequences, LossSettings("importance_sampling"), backward=True)
    assert not close(gradients(trainer), expected)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 1.7])
def test_the_trainer_finds_the_log_probabilities_that_the_sampler_gave(
    llama: Policy, temperature: float
) -> None:
    prompt = (5, 6, 7)
    parameters = SamplingParameters(max_tokens=12, temperature=temperature, seed=3)
    (drawn,) = sample(llama, [SampleItem(prompt, 6)], parameters, "shared-prefix")
    sequences = [
        TrainingSequence(
            [*prompt, *one.tokens[:-1]],
            [*prompt[1:], *one.tokens],
            2,
            [0.0, 0.0, *one.log_probs],
            [0.0, 0.0, *(1.0 for _ in one.tokens)],
            [0.0] * (len(one.tokens) + 2),
        )
        for one in drawn
    ]
    loss = LossSettings.parse("ppo", {"temperature": temperature})
    result = Trainer(llama, FAST).forward(sequences, loss, backward=False)
    for one, values in zip(drawn, result.log_probs, strict=True):
        assert values[2:] == pytest.approx(one.log_probs, abs=1e-4)
    assert result.metrics["ratio:mean"] == pytest.approx(1, abs=1e-4)


def test_greedy_answers_have_log_probabilities_at_temperature_1(llama: Policy) -> None:
    parameters = SamplingParameters(max_tokens=8, temperature=0, seed=1)
    ((one, other),) = sample(llama, [SampleItem((5, 6), 2)], parameters, "shared-prefix")
    assert one == other
    tokens = [5, 6]
    for token, log_prob in zip(one.tokens, one.log_probs, strict=True):
        logits = llama.network(input_ids=torch.tensor([tokens])).logits[0, -1]
        assert token == int(logits.argmax())
        assert log_prob == pytest.approx(logits.log_softmax(-1)[token].item(), abs=1e-4)
        tokens.append(token)


@pytest.mark.parametrize("cap", [0.5, 1.0, 2.0])
def test_cispo_truncates_as_scoring_beforehand_does(
    model_folder: Callable[[str], Path], cap: float
) -> None:
    """
    One update: -min(pi / sampler, cap) * A * grad log pi. Scored: ppo on advantages that were
    multiplied by the truncated ratio, with the trainer's own log-probabilities.
    """
    policy = load_policy(model_folder("llama"), lora=None)
    trainer = Trainer(policy, PLAIN)
    sequences = batch()
    scores = trainer.forward(sequences, LossSettings("importance_sampling"), backward=False)
    scored = [
        replace(
            one,
            sampler_log_probs=trained,
            advantages=[
                advantage * min(torch.tensor(new - old).exp().item(), cap)
                for advantage, new, old in zip(
                    one.advantages, trained, one.sampler_log_probs, strict=True
                )
            ],
        )
        for one, trained in zip(sequences, scores.log_probs, strict=True)
    ]
    trainer.forward(scored, LossSettings("ppo", 0.8, 1.28), backward=True)
    expected = gradients(trainer)
    trainer.optimizers.discard_gradients()
    result = trainer.forward(sequences, LossSettings("cispo", 0.0, cap), backward=True)
    assert close(gradients(trainer), expected)
    # Some ratios are beyond the cap and some within, or the test would show nothing.
    assert 0 < result.metrics["clip_fraction:mean"] < 1
