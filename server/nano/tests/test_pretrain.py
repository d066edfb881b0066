"""Pretraining repeats itself, and teaches."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from azr_nano.batches import BATCH_TOKENS, batches, encode
from azr_nano.corpus import random_document
from azr_nano.model import build_model
from azr_nano.pretrain import loss_of, make_optimizers, pretrain, schedule
from azr_nano.tokenizer import END, PADDING, build_tokenizer, token_id
from test_corpus import NOT_TAUGHT


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


def test_answers_and_outputs_are_learned_each_by_the_root_of_its_length():
    tokenizer = build_tokenizer()
    end = token_id(tokenizer, END)
    rng = random.Random(3)
    for _ in range(500):
        document = random_document(rng)
        ids, weights = encode(tokenizer, document, end)
        assert ids == [*tokenizer.encode(document.prompt + document.completion).ids, end]
        expected: list[float] = []
        for text, is_learned in document.parts:
            count = len(tokenizer.encode(text).ids)
            expected += [count**-0.5 if is_learned else 0.0] * count
        answer = len(ids) - len(expected)
        assert weights == pytest.approx([*expected, *[answer**-0.5] * answer])


def test_batches_are_padded_within_their_bound():
    padding = token_id(build_tokenizer(), PADDING)
    for batch in batches(seed=3, documents=500):
        assert batch.tokens.numel() <= BATCH_TOKENS
        assert (batch.weights[batch.tokens == padding] == 0).all()


def test_what_an_untaught_operator_gives_is_read_but_never_learned():
    rng = random.Random(4)
    read = learned = 0
    for _ in range(4_000):
        document = random_document(rng)
        if not document.prompt.startswith("[propose"):
            continue
        for before, (_, is_learned) in pairwise(document.parts):
            if before[0].endswith("\n-> ") and NOT_TAUGHT.search(before[0]):
                read += 1
                learned += is_learned
    assert read > 100
    assert learned == 0


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
