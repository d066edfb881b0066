"""
Decoding for NVIDIA GPUs. On a CPU, its flash attention is replaced by a plain loop over the pieces,
and steps are computed instead of replayed; where there is a GPU, the real thing is compared too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from azr_engine import flash_prefix_cache
from azr_engine.decoding import DecodingBatch, SharedPrefixDecoder
from azr_engine.graphed_decoding import GraphedDecoder
from azr_engine.policy import load_policy
from azr_engine.probing import agree, probe_decoding
from azr_engine.sampling import SampleItem, sample
from azr_engine.sampling_parameters import SamplingParameters

PROMPTS = [(5, 6, 7), (9, 8, 7, 6, 5, 4, 3, 2, 10, 11), (12,)]


def plain_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    spans: tuple[Tensor, Tensor],
    _longest: tuple[int, int],
    scaling: float,
    used: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """What `flash_attention` promises, one piece and one head at a time."""
    repeats = query.shape[1] // keys.shape[1]
    outputs: list[Tensor] = []
    sums: list[Tensor] = []
    query_starts, key_starts = (span.tolist() for span in spans)
    for piece in range(len(query_starts) - 1):
        queries = query[query_starts[piece] : query_starts[piece + 1]].transpose(0, 1)
        end = key_starts[piece + 1]
        if used is not None:
            end = key_starts[piece] + int(used[piece])
        part = slice(key_starts[piece], end)
        own_keys, own_values = (
            tensor[part].repeat_interleave(repeats, dim=1).transpose(0, 1)
            for tensor in (keys, values)
        )
        scores = queries @ own_keys.transpose(1, 2) * scaling
        outputs.append((torch.softmax(scores, dim=-1) @ own_values).transpose(0, 1))
        sums.append(torch.logsumexp(scores.float(), dim=-1))
    return torch.cat(outputs), torch.cat(sums, dim=1)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash_prefix_cache, "flash_attention", plain_attention)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2"])
def test_it_samples_what_shared_prefixes_give(
    model_folder: Callable[[str], Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that end at different times, groups of several sizes, some dropped on the way."""
    policy = load_policy(model_folder(kind), lora=None)
    policy.end_tokens = [1, 2, 3]
    monkeypatch.setattr("azr_engine.graphed_decoding.COMPACTED_ROWS", 3)
    items = [SampleItem(prompt, 2 + 3 * index) for index, prompt in enumerate(PROMPTS)]
    parameters = SamplingParameters(60, seed=4)
    expected = sample(policy, items, parameters, "shared-prefix")
    graphed = sample(policy, items, parameters, "graphed")
    lengths = {len(row.tokens) for group in expected for row in group}
    assert len(lengths) > 5
    for left, right in zip(
        (row for group in expected for row in group),
        (row for group in graphed for row in group),
        strict=True,
    ):
        assert left.tokens == right.tokens
        assert left.stop_reason == right.stop_reason
        assert left.log_probs == pytest.approx(right.log_probs, abs=1e-4)


@pytest.mark.usefixtures("plain")
def test_dropping_rows_leaves_the_others_as_they_were(model_folder: Callable[[str], Path]) -> None:
    """A whole prompt goes with its rows."""
    policy = load_policy(model_folder("llama"), lora=None, trainable=False)
    batch = DecodingBatch(PROMPTS, [0, 1, 1, 2], 12)
    whole, dropped = GraphedDecoder(policy, batch), GraphedDecoder(policy, batch)
    tokens = torch.tensor([4, 5, 6, 7], device=policy.device)

    def step(decoder: GraphedDecoder, fed: torch.Tensor) -> torch.Tensor:
        with decoder.attending():
            return decoder.step(fed).clone()

    with torch.inference_mode():
        for _ in range(3):
            step(whole, tokens)
            step(dropped, tokens)
        dropped.keep([2, 3])
        for _ in range(4):
            expected, actual = step(whole, tokens)[2:], step(dropped, tokens[2:])
            torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("gpu")
def test_a_gpu_decodes_by_graphs(model_folder: Callable[[str], Path]) -> None:
    policy = load_policy(model_folder("llama"), lora=None, trainable=False)
    assert policy.numbers.computed == torch.bfloat16
    assert probe_decoding(policy) == "graphed"


@pytest.mark.usefixtures("gpu")
def test_a_graph_computes_what_single_kernels_do(model_folder: Callable[[str], Path]) -> None:
    policy = load_policy(model_folder("llama"), lora=None, trainable=False)
    batch = DecodingBatch(PROMPTS, [0, 0, 1, 2, 2, 2], 40)
    graphed, plain = GraphedDecoder(policy, batch), SharedPrefixDecoder(policy, batch)
    stream = torch.Generator(device=policy.device).manual_seed(3)
    with torch.inference_mode():
        for _ in range(40):
            tokens = torch.randint(4, 40, (6,), generator=stream, device=policy.device)
            numbers: list[torch.Tensor] = []
            for decoder in (graphed, plain):
                with decoder.attending():
                    numbers.append(torch.log_softmax(decoder.step(tokens).float(), dim=-1))
            assert agree(policy.numbers.computed, numbers[1], numbers[0])
