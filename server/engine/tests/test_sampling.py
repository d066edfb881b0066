"""What is sampled: its distribution, its log-probabilities, its ends, and independence of rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from azr_engine.decoding import SharedPrefixDecoder
from azr_engine.errors import EngineError
from azr_engine.losses import LossSettings
from azr_engine.packing import TrainingSequence
from azr_engine.policy import Policy, load_policy
from azr_engine.probing import probe, probe_decoding
from azr_engine.sampling import SampledSequence, SampleItem, sample
from azr_engine.sampling_parameters import SamplingParameters, draw_tokens
from azr_engine.training import Trainer

PROMPTS = [(5, 6, 7), (9, 8, 7, 6, 5, 4, 3, 2, 10, 11), (12,)]


def next_token_distribution(
    policy: Policy, prompt: tuple[int, ...], temperature: float
) -> list[float]:
    """From transformers' own forward pass, in float64."""
    with torch.no_grad():
        logits = policy.network(input_ids=torch.tensor([prompt])).logits[0, -1].double()
    return torch.softmax(logits / temperature, dim=0).tolist()


def chi_square(counts: Counter[int], probabilities: list[float], total: int) -> tuple[float, int]:
    """Pearson's statistic and its degrees of freedom; rare tokens are pooled."""
    statistic, cells, rare_expected, rare_seen = 0.0, 0, 0.0, 0
    for token, probability in enumerate(probabilities):
        expected = probability * total
        if expected < 5:
            rare_expected += expected
            rare_seen += counts[token]
            continue
        statistic += (counts[token] - expected) ** 2 / expected
        cells += 1
    if rare_expected > 0:
        statistic += (rare_seen - rare_expected) ** 2 / rare_expected
        cells += 1
    return statistic, cells - 1


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.5])
def test_estimation_rollouts_are_not_greedy(llama: Policy, temperature: float) -> None:
    """A group is drawn at the temperature that was asked for, never greedily."""
    total = 20_000
    parameters = SamplingParameters(max_tokens=1, temperature=temperature, seed=3)
    group = sample(llama, [SampleItem(PROMPTS[0], total)], parameters, "shared-prefix")[0]
    counts = Counter(sequence.tokens[0] for sequence in group)
    expected = next_token_distribution(llama, PROMPTS[0], temperature)
    statistic, freedom = chi_square(counts, expected, total)
    assert len(counts) > 1
    # Wilson and Hilferty's normal approximation; 5 deviations is a chance of 3 in 10 million.
    deviations = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / math.sqrt(
        2 / (9 * freedom)
    )
    assert deviations < 5
    other = next_token_distribution(llama, PROMPTS[0], temperature * 1.2)
    assert chi_square(counts, other, total)[0] > statistic + 50


def test_completions_of_a_group_differ(llama: Policy) -> None:
    group = sample(
        llama, [SampleItem(PROMPTS[0], 8)], SamplingParameters(20, seed=1), "shared-prefix"
    )[0]
    assert len({tuple(sequence.tokens) for sequence in group}) == 8


def test_top_p_keeps_the_smallest_sufficient_set() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    uniform = torch.linspace(0, 0.999, 400, dtype=torch.float64)
    tokens, log_probs = draw_tokens(logits.repeat(400, 1), uniform, temperature=1.0, top_p=0.75)
    assert set(tokens.tolist()) == {0, 1}
    assert (tokens == 0).float().mean().item() == pytest.approx(0.5 / 0.8, abs=0.01)
    assert log_probs[0].item() == pytest.approx(math.log(0.5), abs=1e-6)


def test_temperature_zero_is_greedy() -> None:
    tokens, _ = draw_tokens(torch.tensor([[0.0, 3.0, 1.0]]), torch.tensor([0.99]), 0.0, 1.0)
    assert tokens.tolist() == [1]


def test_finished_sequences_do_not_change_others(llama: Policy) -> None:
    """Many rows end early and are dropped; each row stays what it is when nothing ever ends."""
    items = [SampleItem(prompt, 16) for prompt in PROMPTS]
    parameters = SamplingParameters(max_tokens=40, seed=7)
    llama.end_tokens = [1, 2, 3, 4]
    ending = [row for group in sample(llama, items, parameters, "shared-prefix") for row in group]
    llama.end_tokens = []
    endless = [row for group in sample(llama, items, parameters, "shared-prefix") for row in group]
    stopped = [row for row in ending if row.stop_reason == "stop"]
    assert len({len(row.tokens) for row in stopped}) > 5
    for short, long in zip(ending, endless, strict=True):
        assert short.tokens == long.tokens[: len(short.tokens)]
        assert short.log_probs == pytest.approx(long.log_probs[: len(short.tokens)], abs=1e-5)


def test_end_token_is_kept_and_ends(llama: Policy) -> None:
    llama.end_tokens = [1, 2, 3]
    rows = sample(
        llama, [SampleItem(PROMPTS[0], 64)], SamplingParameters(12, seed=5), "shared-prefix"
    )[0]
    for row in rows:
        assert len(row.tokens) == len(row.log_probs)
        assert not set(row.tokens[:-1]) & {1, 2, 3}
        assert (row.stop_reason == "stop") == (row.tokens[-1] in {1, 2, 3})
        assert row.stop_reason == "stop" or len(row.tokens) == 12
    assert {row.stop_reason for row in rows} == {"stop", "length"}


def test_seed_repeats(llama: Policy) -> None:
    items = [SampleItem(prompt, 4) for prompt in PROMPTS]
    first = sample(llama, items, SamplingParameters(10, seed=9), "shared-prefix")
    assert first == sample(llama, items, SamplingParameters(10, seed=9), "shared-prefix")
    assert first != sample(llama, items, SamplingParameters(10, seed=10), "shared-prefix")


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "gemma2"])
def test_sampler_and_trainer_agree(model_folder: Callable[[str], Path], kind: str) -> None:
    """For every architecture, on whichever path it takes, and past a sliding window."""
    policy = load_policy(model_folder(kind), lora=None)
    paths = probe(policy)
    decoding = probe_decoding(policy)
    fastest = {"llama": "compact", "gemma2": "padded"}
    assert decoding == fastest.get(kind, "shared-prefix")
    assert paths.shared_prompt_training == (kind != "gemma2")
    items = [SampleItem(prompt, 6) for prompt in PROMPTS]
    groups = sample(policy, items, SamplingParameters(24, seed=2), decoding)
    pairs = [(item.prompt, row) for item, group in zip(items, groups, strict=True) for row in group]
    sequences = [as_training(prompt, row) for prompt, row in pairs]
    result = Trainer(policy, paths).forward(
        sequences, LossSettings("importance_sampling"), backward=False
    )
    for (prompt, row), scored in zip(pairs, result.log_probs, strict=True):
        assert scored[len(prompt) - 1 :] == pytest.approx(row.log_probs, abs=1e-4)


def as_training(prompt: tuple[int, ...], row: SampledSequence) -> TrainingSequence:
    whole = [*prompt, *row.tokens]
    context = [0.0] * (len(prompt) - 1)
    ones = [1.0] * len(row.tokens)
    return TrainingSequence(
        whole[:-1],
        whole[1:],
        len(prompt) - 1,
        context + row.log_probs,
        context + ones,
        context + ones,
    )


def test_context_limits_a_completion(llama: Policy) -> None:
    llama.end_tokens = []
    prompt = tuple([5] * 120)
    items = [SampleItem(prompt, 2), SampleItem((5, 6), 2)]
    long, short = sample(llama, items, SamplingParameters(200, seed=1), "shared-prefix")
    assert [len(row.tokens) for row in long + short] == [8, 8, 126, 126]
    with pytest.raises(EngineError, match="128 tokens"):
        sample(llama, [SampleItem(tuple([5] * 128), 1)], SamplingParameters(1), "shared-prefix")


def test_a_cancelled_batch_takes_no_further_step(
    llama: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    llama.end_tokens = []
    steps: list[int] = []
    usual = SharedPrefixDecoder.step

    def step(decoder: SharedPrefixDecoder, tokens: torch.Tensor) -> torch.Tensor:
        steps.append(len(tokens))
        return usual(decoder, tokens)

    monkeypatch.setattr(SharedPrefixDecoder, "step", step)
    with pytest.raises(EngineError) as caught:
        sample(
            llama,
            [SampleItem((5, 6, 7), 4)],
            SamplingParameters(50, seed=1),
            "shared-prefix",
            is_cancelled=lambda: len(steps) == 3,
        )
    assert caught.value.code == "cancelled"
    assert steps == [4, 4, 4]
