"""Pretrains `azr-nano` from scratch: `python -m azr_nano.pretrain --output FOLDER`.

Freshly generated documents, none read twice, whose completions are all right. Matrices are trained
by Muon (Jordan et al. 2024), which takes about half as many tokens as AdamW to the same loss;
embeddings and norms by AdamW. On one machine the same seed gives the same weights, bit for bit.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TextIO

import torch
from torch.nn import functional
from torch.optim import AdamW, Muon, Optimizer
from transformers.models.llama.modeling_llama import LlamaForCausalLM

from azr_nano.batches import Batch, batches
from azr_nano.model import build_model, save_model
from azr_nano.tokenizer import build_tokenizer

THREADS = 1
"""More would round otherwise, and give other weights."""
DOCUMENTS = 420_000
MATRIX_RATE = 0.006
"""Highest learning rate of the matrices."""
EMBEDDING_RATE = 0.003
"""Highest learning rate of embeddings and norms."""
WARM_UP_UPDATES = 100
LAST_RATE = 0.01
UPDATES_A_LINE = 100


def schedule(progress: float, update: int) -> float:
    """The learning rate as a share of its peak; `progress` through the documents is in [0, 1]."""
    return min(1.0, (update + 1) / WARM_UP_UPDATES, max(LAST_RATE, 1 - progress))


def make_optimizers(model: LlamaForCausalLM) -> list[tuple[Optimizer, float]]:
    """Each with its peak learning rate."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in named if p.ndim != 2 or "embed" in name]
    muon = Muon(matrices, momentum=0.95, weight_decay=0.02, adjust_lr_fn="match_rms_adamw")
    adam = AdamW(others, betas=(0.9, 0.98), weight_decay=0.0)
    return [(muon, MATRIX_RATE), (adam, EMBEDDING_RATE)]


def loss_of(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """Weighted mean cross-entropy of the tokens that count."""
    hidden = model.model(batch.tokens[:, :-1]).last_hidden_state
    weights = batch.weights[:, 1:]
    counted = weights > 0
    losses = functional.cross_entropy(
        model.lm_head(hidden[counted]), batch.tokens[:, 1:][counted], reduction="none"
    )
    return (losses * weights[counted]).sum() / weights[counted].sum()


def train(model: LlamaForCausalLM, seed: int, documents: int, log: TextIO) -> None:
    """Trains `model` in place; writes a line of figures every UPDATES_A_LINE updates."""
    optimizers = make_optimizers(model)
    started, seen, tokens = time.monotonic(), 0, 0
    losses: list[float] = []
    for update, batch in enumerate(batches(seed, documents)):
        loss = loss_of(model, batch)
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, peak in optimizers:
            optimizer.param_groups[0]["lr"] = peak * schedule(seen / documents, update)
            optimizer.step()
        seen += batch.documents
        tokens += batch.tokens.numel()
        losses.append(loss.item())
        if (update + 1) % UPDATES_A_LINE == 0:
            row = {
                "update": update + 1,
                "documents": seen,
                "tokens": tokens,
                "loss": round(sum(losses) / len(losses), 4),
                "seconds": round(time.monotonic() - started, 1),
            }
            losses.clear()
            print(json.dumps(row), file=log, flush=True)


def pretrain(output: Path, seed: int, documents: int = DOCUMENTS) -> None:
    """Writes the model's folder, and beside it the course of its training."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    model = build_model(build_tokenizer())
    output.mkdir(parents=True, exist_ok=True)
    with output.with_suffix(".jsonl").open("w") as log:
        train(model, seed, documents, log)
    save_model(model, output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    pretrain(arguments.output, arguments.seed, arguments.documents)


if __name__ == "__main__":
    main()
