"""Pretraining repeats itself, and teaches."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from azr_nano.batches import BATCH_TOKENS, batches
from azr_nano.model import build_model
from azr_nano.pretrain import loss_of, make_optimizers, pretrain, schedule
from azr_nano.tokenizer import END, PADDING, build_tokenizer, token_id


def test_the_same_seed_gives_the_same_weights_bit_for_bit(tmp_path: Path):
    threads = torch.get_num_threads()
    try:
        for name, seed in (("one", 1), ("again", 1), ("other", 2)):
            pretrain(tmp_path / name, seed, documents=300)
    finally:
        torch.set_num_threads(threads)
    one, again, other = (
        (tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "again", "other")
    )
    assert one == again
    assert one != other


def test_the_loss_counts_completions_and_their_end_only():
    tokenizer = build_tokenizer()
    end, padding = token_id(tokenizer, END), token_id(tokenizer, PADDING)
    for batch in batches(seed=3, documents=500):
        assert batch.tokens.numel() <= BATCH_TOKENS
        for row, weights in zip(batch.tokens, batch.weights, strict=True):
            text = tokenizer.decode(row[row != padding].tolist(), skip_special_tokens=False)
            counted = row[weights > 0]
            assert counted[-1] == end
            assert (weights[weights > 0] == 1 / len(counted) ** 0.5).all()
            assert text.endswith(tokenizer.decode(counted.tolist(), skip_special_tokens=False))
            assert text.startswith("[")
            assert weights[0] == 0


def test_a_few_updates_lower_the_loss():
    torch.manual_seed(1)
    model = build_model(build_tokenizer())
    optimizers = make_optimizers(model)
    batch, *_ = batches(seed=4, documents=40)
    losses: list[float] = []
    for update in range(30):
        loss = loss_of(model, batch)
        model.zero_grad()
        loss.backward()
        for optimizer, peak in optimizers:
            optimizer.param_groups[0]["lr"] = peak * schedule(0.0, update)
            optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0], json.dumps(losses)


def test_the_rate_rises_stays_and_falls():
    assert schedule(0.0, 0) == 0.01
    assert schedule(0.0, 5_000) == 1.0
    assert schedule(0.75, 5_000) == 0.25
    assert schedule(1.0, 5_000) == 0.01
