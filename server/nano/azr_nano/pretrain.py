"""Pretrains `azr-nano` from scratch: `python -m azr_nano.pretrain --output FOLDER`.

Freshly generated documents, AdamW. The first stage learns the world: its loss counts every token
of a completion. The second learns the answers: its loss counts every completion the same, however
short, and the answers it reads are more often right. Prompts count a little in both, because they
teach what programs look like.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import torch
from torch import nn
from torch.nn import functional
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM

from azr_nano.corpus import random_document
from azr_nano.tokenizer import (
    END,
    PADDING,
    build_tokenizer,
    save_tokenizer,
    token_id,
)

CONTEXT_TOKENS = 1024
PROMPT_WEIGHT = 0.1
COMPLETION_WEIGHT = 8.0
"""Weight of a whole completion where completions count the same, in tokens of the first stage."""
POOL_DOCUMENTS = 8192
BATCH_TOKENS = 6144
WARM_UP_UPDATES = 200


@dataclass(frozen=True)
class Stage:
    documents: int
    mistakes: float
    """Share of solver answers that are attempted wrongly."""
    per_completion: bool
    """Whether completions count the same whatever their length."""
    decay_share: float
    """Last part of the stage in which the learning rate falls to almost nothing."""


STAGES = (
    Stage(documents=256_000, mistakes=0.5, per_completion=False, decay_share=0.0),
    Stage(documents=600_000, mistakes=0.25, per_completion=True, decay_share=0.3),
)


def build_model(vocabulary: int, padding: int, end: int) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=128,
            intermediate_size=352,
            num_hidden_layers=5,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=CONTEXT_TOKENS,
            tie_word_embeddings=True,
            pad_token_id=padding,
            eos_token_id=end,
            bos_token_id=None,
        )
    )


Batch = tuple[torch.Tensor, torch.Tensor]
"""Token ids and loss weights, both [documents, tokens]."""


def batches(seed: int, stage: Stage) -> Iterator[Batch]:
    """Batches of about BATCH_TOKENS tokens, of documents of similar length, in random order."""
    rng = random.Random(seed)
    tokenizer = build_tokenizer()
    end, padding = token_id(tokenizer, END), token_id(tokenizer, PADDING)
    for start in range(0, stage.documents, POOL_DOCUMENTS):
        pool: list[tuple[list[int], int]] = []
        for _ in range(min(POOL_DOCUMENTS, stage.documents - start)):
            document = random_document(rng, stage.mistakes)
            prompt = tokenizer.encode(document.prompt).ids
            pool.append(([*prompt, *tokenizer.encode(document.completion).ids, end], len(prompt)))
        pool.sort(key=lambda item: len(item[0]))
        rows: list[Batch] = []
        first = 0
        while first < len(pool):
            last = first + 1
            while last < len(pool) and len(pool[last][0]) * (last + 1 - first) <= BATCH_TOKENS:
                last += 1
            rows.append(_padded(pool[first:last], padding, stage.per_completion))
            first = last
        rng.shuffle(rows)
        yield from rows


def _padded(items: list[tuple[list[int], int]], padding: int, per_completion: bool) -> Batch:
    longest = max(len(tokens) for tokens, _ in items)
    ids = torch.full((len(items), longest), padding)
    weights = torch.zeros(len(items), longest)
    for row, (tokens, prompt) in enumerate(items):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        weights[row, :prompt] = PROMPT_WEIGHT
        answer = len(tokens) - prompt
        weights[row, prompt : len(tokens)] = COMPLETION_WEIGHT / answer if per_completion else 1.0
    return ids, weights


def learning_rate(stage: Stage, progress: float, update: int, peak: float) -> float:
    """Warm-up, constant, and a linear decay at the end; `progress` of the stage is in [0, 1]."""
    left = (1 - progress) / stage.decay_share if stage.decay_share else 1.0
    return peak * min(1.0, (update + 1) / WARM_UP_UPDATES, max(0.02, left))


def train_stage(model: LlamaForCausalLM, stage: Stage, seed: int, peak: float, log: TextIO) -> None:
    """Trains `model` in place; writes a line of figures every 200 updates."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=0.05)
    started, seen, tokens = time.monotonic(), 0, 0
    losses: list[float] = []
    for update, (ids, weights) in enumerate(batches(seed, stage)):
        ids, weights = ids.to(model.device), weights.to(model.device)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(stage, seen / stage.documents, update, peak)
        logits = model(ids[:, :-1]).logits
        token_loss = functional.cross_entropy(
            logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
        )
        loss = (token_loss * weights[:, 1:].flatten()).sum() / weights[:, 1:].sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen += len(ids)
        tokens += int((weights > 0).sum())
        losses.append(loss.item())
        if (update + 1) % 200 == 0:
            seconds = time.monotonic() - started
            row = {
                "update": update + 1,
                "documents": seen,
                "tokens": tokens,
                "loss": round(sum(losses) / len(losses), 4),
                "seconds": round(seconds, 1),
                "tokensPerSecond": round(tokens / seconds),
            }
            losses.clear()
            print(json.dumps(row), file=log, flush=True)


def pretrain(output: Path, seed: int, peak: float, device: str) -> None:
    """Runs all stages and saves the model after each, the last one as `output` itself."""
    torch.manual_seed(seed)
    tokenizer = build_tokenizer()
    model = build_model(
        tokenizer.get_vocab_size(), token_id(tokenizer, PADDING), token_id(tokenizer, END)
    )
    nn.Module.to(model, device)
    output.mkdir(parents=True, exist_ok=True)
    for number, stage in enumerate(STAGES, start=1):
        with (output / f"pretraining-{number}.jsonl").open("w") as log:
            train_stage(model, stage, seed + number - 1, peak, log)
        save(model, output if number == len(STAGES) else output / f"stage-{number}")


def save(model: LlamaForCausalLM, output: Path) -> None:
    """Writes the Hugging Face folder: weights, configuration, generation settings, tokenizer."""
    model.save_pretrained(output)
    save_tokenizer(output, CONTEXT_TOKENS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=800_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=2.5e-3)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    pretrain(arguments.output, arguments.seed, arguments.learning_rate, arguments.device)


if __name__ == "__main__":
    main()
