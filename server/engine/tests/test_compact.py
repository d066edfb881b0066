"""
The compact network against transformers: sampling, log-probabilities and gradients; and that a
defect in it, however plausible, keeps it from being used.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import CONTEXT, END, VOCABULARY
from test_training import ADAM, batch, gradients
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM

from azr_engine.adapters import LoraSettings
from azr_engine.compact_decoding import CompactDecoder
from azr_engine.compact_network import CompactNetwork, try_compact
from azr_engine.decoding import DecodingBatch, SharedPrefixDecoder
from azr_engine.losses import LossSettings
from azr_engine.packing import MicroBatchLimits
from azr_engine.policy import Policy, load_policy
from azr_engine.probing import FastPaths, probe, probe_decoding
from azr_engine.sampling import SampleItem, sample
from azr_engine.sampling_parameters import SamplingParameters
from azr_engine.training import Trainer

EMBEDDED_MODEL = Path(__file__).resolve().parents[2] / "models" / "azr-nano"
PLAIN = FastPaths(shared_prompt_training=False, chunked_head=True)
COMPACT = FastPaths(shared_prompt_training=True, chunked_head=True, compact=True)
PROMPTS = [(5, 6, 7), tuple(range(2, 32)), (9,), tuple(range(12, 25))]


@pytest.fixture
def grouped(model_folder: Callable[[str], Path], tmp_path: Path) -> Policy:
    """Fewer heads of keys than of queries, norms and output head with weights of their own."""
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=12,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        eos_token_id=END,
        bos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, mean=float(parameter.ndim == 1), std=0.3)
    model.save_pretrained(tmp_path)
    shutil.copy(model_folder("llama") / "tokenizer.json", tmp_path)
    return load_policy(tmp_path, lora=None)


@pytest.fixture(params=["llama", "grouped"])
def policy(request: pytest.FixtureRequest) -> Policy:
    chosen: Policy = request.getfixturevalue(request.param)
    return chosen


def test_it_samples_what_shared_prefixes_give(policy: Policy) -> None:
    """Rows that end at different times, groups of several sizes, caches that grow."""
    policy.end_tokens = [1, 2, 3]
    items = [SampleItem(prompt, 1 + 3 * index) for index, prompt in enumerate(PROMPTS)]
    parameters = SamplingParameters(70, temperature=1.3, seed=4)
    expected = sample(policy, items, parameters, "shared-prefix")
    compact = sample(policy, items, parameters, "compact")
    assert max(len(row.tokens) for group in expected for row in group) > 35
    for one, other in zip(
        (row for group in expected for row in group),
        (row for group in compact for row in group),
        strict=True,
    ):
        assert one.tokens == other.tokens and one.stop_reason == other.stop_reason
        assert one.log_probs == pytest.approx(other.log_probs, abs=1e-4)


def test_it_fills_the_context_to_its_end(policy: Policy) -> None:
    items = [SampleItem(tuple(range(2, 32)), 2)]
    policy.end_tokens = []
    parameters = SamplingParameters(1000, seed=1)
    (expected,) = sample(policy, items, parameters, "shared-prefix")
    (compact,) = sample(policy, items, parameters, "compact")
    assert [len(row.tokens) for row in compact] == [CONTEXT - 30] * 2
    assert [row.tokens for row in compact] == [row.tokens for row in expected]


@pytest.mark.parametrize("tokens", [60, 16_384])
@pytest.mark.parametrize("config", [{}, {"temperature": 0.7, "entropy_coefficient": 0.5}])
def test_it_trains_as_transformers_does(
    policy: Policy, config: dict[str, float], tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = LossSettings.parse("ppo", config)
    sequences = [replace(one, entropy_weights=[0.01] * len(one.targets)) for one in batch()]
    plain = Trainer(policy, PLAIN, MicroBatchLimits(tokens=1))
    expected = plain.forward(sequences, loss, backward=True)
    expected_gradients = gradients(plain)
    plain.optimizers.discard_gradients()
    if tokens == 60:
        monkeypatch.setattr("azr_engine.scoring.CHUNK_LOGITS", VOCABULARY * 7)
    compact = Trainer(policy, COMPACT, MicroBatchLimits(tokens=tokens))
    actual = compact.forward(sequences, loss, backward=True)
    for one, other in zip(expected.log_probs, actual.log_probs, strict=True):
        assert other == pytest.approx(one, abs=2e-5)
    for one, other in zip(expected_gradients, gradients(compact), strict=True):
        scale = max(1.0, one.abs().max().item())
        assert (one - other).abs().max().item() <= 2e-5 * scale
    assert actual.metrics == pytest.approx(expected.metrics, rel=1e-4, abs=1e-5)


def test_it_samples_the_weights_of_the_last_step(llama: Policy) -> None:
    parameters = SamplingParameters(12, seed=2)
    items = [SampleItem((5, 6, 7), 4)]
    before = sample(llama, items, parameters, "compact")
    trainer = Trainer(llama, COMPACT)
    trainer.forward(batch(), LossSettings("ppo"), backward=True)
    trainer.step(ADAM)
    after = sample(llama, items, parameters, "compact")
    assert after != before
    expected = sample(llama, items, parameters, "shared-prefix")
    assert [row.tokens for row in after[0]] == [row.tokens for row in expected[0]]


def test_rows_of_other_lengths_pad_no_row(llama: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is computed of a batch with one long row is little more than its tokens."""
    trainer = Trainer(llama, COMPACT)
    short = batch()
    long = replace(
        short[0],
        inputs=[5] * 120,
        targets=[5] * 120,
        start=100,
        sampler_log_probs=[0.0] * 120,
        advantages=[0.0] * 100 + [1.0] * 20,
        weights=[0.0] * 120,
    )
    sizes: list[int] = []
    run = trainer.run_pass

    def count(batches: list[Any], *rest: Any) -> Any:
        sizes.append(sum(one.inputs.numel() for one in batches))
        return run(batches, *rest)

    monkeypatch.setattr(trainer, "run_pass", count)
    trainer.forward(short, LossSettings("ppo"), backward=False)
    trainer.forward([*short, long], LossSettings("ppo"), backward=False)
    assert sizes[1] - sizes[0] == 120


def test_it_is_chosen_for_llamas_alone(
    model_folder: Callable[[str], Path], llama: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    assert probe(llama) == COMPACT
    assert probe_decoding(llama) == "compact"
    caplog.set_level(logging.INFO, "azr_engine")
    others = [load_policy(model_folder(kind), lora=None) for kind in ("qwen2", "gpt2", "gemma2")]
    for other in [*others, load_policy(model_folder("llama"), LoraSettings(4, 8.0, seed=1))]:
        assert not probe(other).compact
        assert probe_decoding(other) != "compact"
    assert "Not using the compact network: it is a Qwen2ForCausalLM" in caplog.messages
    assert any("q_proj is a" in message for message in caplog.messages)


def test_the_embedded_model_is_sampled_and_trained_by_it() -> None:
    """Token 0 pads it, and as an input has no gradient in transformers."""
    policy = load_policy(EMBEDDED_MODEL, lora=None)
    assert policy.config.pad_token_id == 0
    assert probe(policy).compact
    assert probe_decoding(policy) == "compact"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hidden_act": "gelu"}, "activation is gelu"),
        ({"attention_bias": True}, "has a bias"),
        (
            {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}},
            "embedding is dynamic",
        ),
        ({"max_position_embeddings": 1 << 20}, "positions"),
    ],
)
def test_what_it_cannot_compute_is_named(change: dict[str, Any], reason: str) -> None:
    settings: dict[str, Any] = {
        "vocab_size": 8,
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    network, told = try_compact(LlamaForCausalLM(LlamaConfig(**{**settings, **change})))
    assert network is None and reason in told


def off_by_one(network: CompactNetwork) -> None:
    """From position 64 on, as a table that is built in two parts might be."""
    network.rotations = torch.cat(
        [network.rotations[:64], network.rotations[65:], network.rotations[-1:]]
    )


def without_scale(network: CompactNetwork) -> None:
    network.scale = 1.0


def other_epsilon(network: CompactNetwork) -> None:
    network.epsilon = 1e-2


@pytest.mark.parametrize("defect", [off_by_one, without_scale, other_epsilon])
def test_a_defect_keeps_it_from_being_used(
    llama: Policy, defect: Callable[[CompactNetwork], None], caplog: pytest.LogCaptureFixture
) -> None:
    network, _ = llama.compact
    assert network is not None
    defect(network)
    assert probe_decoding(llama) == "shared-prefix"
    assert not probe(llama).compact
    assert "Not using compact decoding: it differs from plain forward passes" in caplog.messages


def test_gradients_that_differ_keep_it_from_training(
    llama: Policy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Outputs are right, and one matrix learns nothing."""
    usual = CompactNetwork.weights

    def detached(network: CompactNetwork) -> Any:
        weights = usual(network)
        first = replace(weights.layers[0], down=weights.layers[0].down.detach() * 1)
        zero = 0 * network.network.model.layers[0].mlp.down_proj.weight
        return replace(
            weights, layers=[replace(first, down=first.down + zero), *weights.layers[1:]]
        )

    monkeypatch.setattr(CompactNetwork, "weights", detached)
    assert not probe(llama).compact
    assert "Not using the compact network: its gradients differ" in caplog.messages
    assert probe_decoding(llama) == "compact"


def test_a_shared_prefix_decoder_off_by_one_far_from_the_start_is_refused(
    llama: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = SharedPrefixDecoder.__init__

    def shifted(decoder: Any, *arguments: Any) -> None:
        usual(decoder, *arguments)
        decoder._positions = decoder._positions + (decoder._positions >= 64).long()

    monkeypatch.setattr(SharedPrefixDecoder, "__init__", shifted)
    monkeypatch.setattr(Policy, "compact", (None, "not tried here"))
    assert probe_decoding(llama) == "padded"


def test_short_steps_are_taken_on_one_thread(llama: Policy) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        decoder = CompactDecoder(llama, DecodingBatch([[5, 6]], [0], 4))
        with pytest.raises(ValueError, match="within"), decoder.attending():
            assert torch.get_num_threads() == 1
            raise ValueError("within")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
