"""Tiny random models of three architectures, made once per session, with a character tokenizer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers.modeling_utils import PreTrainedModel
from transformers.models.gemma2.configuration_gemma2 import Gemma2Config
from transformers.models.gemma2.modeling_gemma2 import Gemma2ForCausalLM
from transformers.models.gpt2.configuration_gpt2 import GPT2Config
from transformers.models.gpt2.modeling_gpt2 import GPT2LMHeadModel
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM
from transformers.models.qwen2.configuration_qwen2 import Qwen2Config
from transformers.models.qwen2.modeling_qwen2 import Qwen2ForCausalLM
from transformers.utils import logging as transformers_logging

from azr_engine.policy import Policy, load_policy

VOCABULARY = 40
END = 1
CONTEXT = 128

transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()
# Tests compare with what is exact, in float32; those of a GPU ask for it (`gpu`).
os.environ["AZR_DEVICE"] = "cpu"
# Such small tensors only wait for a second thread.
torch.set_num_threads(1)


def _llama() -> PreTrainedModel:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            eos_token_id=END,
            bos_token_id=None,
        )
    )


def _qwen2() -> PreTrainedModel:
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=VOCABULARY,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=CONTEXT,
            eos_token_id=END,
            bos_token_id=None,
        )
    )


def _gpt2() -> PreTrainedModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY,
            n_embd=32,
            n_layer=2,
            n_head=4,
            n_positions=CONTEXT,
            eos_token_id=END,
            bos_token_id=None,
        )
    )


def _gemma2() -> PreTrainedModel:
    """Sliding windows, capped scores and capped logits: none of the fast paths hold for it."""
    return Gemma2ForCausalLM(
        Gemma2Config(
            vocab_size=VOCABULARY,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            max_position_embeddings=CONTEXT,
            sliding_window=8,
            final_logit_softcapping=2.0,
            eos_token_id=END,
        )
    )


MAKERS: dict[str, Callable[[], PreTrainedModel]] = {
    "llama": _llama,
    "qwen2": _qwen2,
    "gpt2": _gpt2,
    "gemma2": _gemma2,
}


def _write_tokenizer(folder: Path) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789 \n"
    tokens = {"<pad>": 0, "<end>": END, **{letter: i + 2 for i, letter in enumerate(letters)}}
    tokenizer = Tokenizer(models.WordLevel(tokens, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.add_special_tokens(["<pad>", "<end>"])
    tokenizer.save(str(folder / "tokenizer.json"))


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model; its weights are large enough for uneven distributions."""
    folders: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in folders:
            torch.manual_seed(11)
            model = MAKERS[kind]()
            for parameter in model.parameters():
                if parameter.ndim > 1:
                    torch.nn.init.normal_(parameter, std=0.3)
            folders[kind] = tmp_path_factory.mktemp(kind)
            model.save_pretrained(folders[kind])
            _write_tokenizer(folders[kind])
        return folders[kind]

    return make


@pytest.fixture
def llama(model_folder: Callable[[str], Path]) -> Policy:
    return load_policy(model_folder("llama"), lora=None)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """This test computes on the GPU, and is skipped where there is none."""
    if not torch.cuda.is_available():
        pytest.skip("no NVIDIA GPU here")
    monkeypatch.setenv("AZR_DEVICE", "auto")
