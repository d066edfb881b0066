"""Continuous batching with a paged cache, as far as a CPU runs it: no flash attention or graphs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from test_sampling import PROMPTS, as_training, chi_square, next_token_distribution

from azr_engine import sampler as sampler_module
from azr_engine.adapters import LoraSettings
from azr_engine.errors import EngineError
from azr_engine.losses import LossSettings
from azr_engine.paged_sampling import PagedSamplingError, is_paged_sampling_worthwhile
from azr_engine.policy import Policy, load_policy
from azr_engine.probing import FastPaths
from azr_engine.sampler import Sampler
from azr_engine.sampling import SampledSequence, SampleItem, sample
from azr_engine.sampling_parameters import SamplingParameters
from azr_engine.training import Trainer

ITEMS = [SampleItem(prompt, 5) for prompt in PROMPTS]
PLAIN = FastPaths(shared_prompt_training=False, chunked_head=False)


@pytest.fixture
def paged(llama: Policy) -> Iterator[Sampler]:
    llama.end_tokens = [1, 2, 3]
    sampler = Sampler(llama, "shared-prefix", paged=True)
    yield sampler
    # Whatever went wrong was not papered over by the other way of sampling.
    assert sampler.paged
    sampler.release()


def flat(groups: list[list[SampledSequence]]) -> list[SampledSequence]:
    return [row for group in groups for row in group]


def assert_scored(policy: Policy, groups: list[list[SampledSequence]], temperature: float) -> None:
    """Log-probabilities at the temperature that was sampled at, as the trainer has them."""
    pairs = [(item.prompt, row) for item, group in zip(ITEMS, groups, strict=True) for row in group]
    trained = Trainer(policy, PLAIN).forward(
        [as_training(prompt, row) for prompt, row in pairs],
        LossSettings("importance_sampling", temperature=temperature),
        backward=False,
    )
    for (prompt, row), scored in zip(pairs, trained.log_probs, strict=True):
        assert row.log_probs == pytest.approx(scored[len(prompt) - 1 :], abs=1e-4)


def test_completions_end_score_and_repeat(paged: Sampler) -> None:
    parameters = SamplingParameters(12, temperature=1.5, seed=4)
    state = torch.get_rng_state()
    groups = paged.sample(ITEMS, parameters)
    assert torch.equal(torch.get_rng_state(), state)
    assert [len(group) for group in groups] == [5, 5, 5]
    for row in flat(groups):
        assert not set(row.tokens[:-1]) & {1, 2, 3}
        assert (row.stop_reason == "stop") == (row.tokens[-1] in {1, 2, 3})
        assert row.stop_reason == "stop" or len(row.tokens) == 12
    assert {row.stop_reason for row in flat(groups)} == {"stop", "length"}
    assert_scored(paged.policy, groups, 1.5)
    assert paged.sample(ITEMS, parameters) == groups
    paged.release()
    assert paged.sample(ITEMS, parameters) == groups
    # The first item alone has the same first completions: each has a stream of its own.
    alone = paged.sample(ITEMS[:1], parameters)
    assert [row.tokens for row in flat(alone)] == [row.tokens for row in groups[0]]
    assert paged.sample(ITEMS, SamplingParameters(12, temperature=1.5, seed=5)) != groups
    # Afterwards, the other way of sampling finds the model as it was.
    assert len(flat(sample(paged.policy, ITEMS, parameters, "shared-prefix"))) == 15


def test_a_cache_too_small_for_all_at_once_serves_them_in_turn(paged: Sampler) -> None:
    parameters = SamplingParameters(12, seed=4)
    assert_scored(paged.policy, paged.sample(ITEMS, parameters, cache_tokens=40), 1)


def test_tokens_are_drawn_at_the_temperature_asked_for(paged: Sampler) -> None:
    total = 2000
    parameters = SamplingParameters(1, temperature=0.5, seed=3)
    (group,) = paged.sample([SampleItem(PROMPTS[0], total)], parameters)
    counts = Counter(row.tokens[0] for row in group)
    statistic, freedom = chi_square(
        counts, next_token_distribution(paged.policy, PROMPTS[0], 0.5), total
    )
    # Five standard deviations of the statistic, whose variance is twice its degrees of freedom.
    assert statistic < freedom + 5 * (2 * freedom) ** 0.5
    plain = next_token_distribution(paged.policy, PROMPTS[0], 1.0)
    assert chi_square(counts, plain, total)[0] > statistic + 50


def test_adapters_and_new_weights_are_sampled(model_folder: Callable[[str], Path]) -> None:
    """A manager that went on running reads what an update wrote."""
    policy = load_policy(model_folder("qwen2"), LoraSettings(4, 8.0, seed=1))
    sampler = Sampler(policy, "shared-prefix", paged=True)
    parameters = SamplingParameters(8, seed=4)
    before = sampler.sample(ITEMS, parameters)
    with torch.no_grad():
        for name, parameter in policy.trainable_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3, generator=torch.Generator().manual_seed(1))
    after = sampler.sample(ITEMS, parameters)
    assert after != before
    assert_scored(policy, after, 1)
    assert sampler.paged
    sampler.release()


def test_cancelling_ends_it(llama: Policy) -> None:
    sampler = Sampler(llama, "shared-prefix", paged=True)
    with pytest.raises(EngineError, match="cancelled"):
        sampler.sample(ITEMS, SamplingParameters(100, seed=1), is_cancelled=lambda: True)
    assert sampler.paged
    assert len(flat(sampler.sample(ITEMS, SamplingParameters(3, seed=1)))) == 15
    sampler.release()


def test_where_it_fails_prompts_are_shared_instead(
    llama: Policy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object) -> None:
        raise PagedSamplingError("no such kernel")

    monkeypatch.setattr(sampler_module.PagedSampler, "sample", fail)
    sampler = Sampler(llama, "shared-prefix", paged=True)
    parameters = SamplingParameters(8, seed=4)
    with caplog.at_level(logging.WARNING, "azr_engine"):
        groups = sampler.sample(ITEMS, parameters)
    assert groups == sample(llama, ITEMS, parameters, "shared-prefix")
    assert "no such kernel" in caplog.text
    assert not sampler.paged


def test_a_cpu_shares_prompts(llama: Policy) -> None:
    assert not is_paged_sampling_worthwhile(torch.device("cpu"))
    assert not Sampler(llama, "shared-prefix").paged
