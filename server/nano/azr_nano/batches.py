"""Documents of the corpus as batches of tokens."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from azr_nano.corpus import Document, random_document
from azr_nano.tokenizer import END, PADDING, build_tokenizer, token_id

POOL_DOCUMENTS = 8192
BATCH_TOKENS = 4096


@dataclass(frozen=True)
class Batch:
    tokens: Tensor
    """Token ids, [documents, tokens], padded behind."""
    weights: Tensor
    """How much each token counts in the loss, of the same shape; 0 for what is only read."""

    @property
    def documents(self) -> int:
        return len(self.tokens)


Encoded = tuple[list[int], list[float]]
"""Tokens of a document, and the weight of each."""


def batches(seed: int, documents: int) -> Iterator[Batch]:
    """
    Batches of at most BATCH_TOKENS tokens, of documents of similar length. Documents are drawn in
    pools; within a pool the order of the batches is random.
    """
    rng = random.Random(seed)
    tokenizer = build_tokenizer()
    end, padding = token_id(tokenizer, END), token_id(tokenizer, PADDING)
    for start in range(0, documents, POOL_DOCUMENTS):
        pool: list[Encoded] = []
        for _ in range(min(POOL_DOCUMENTS, documents - start)):
            pool.append(encode(tokenizer, random_document(rng), end))
        pool.sort(key=lambda item: len(item[0]))
        parts = _cut(pool)
        rng.shuffle(parts)
        for part in parts:
            yield _padded(part, padding)


def encode(tokenizer: Tokenizer, document: Document, end: int) -> Encoded:
    """An answer of n tokens counts √n: short ones are not drowned by long programs."""
    pieces = [(tokenizer.encode(text).ids, is_learned) for text, is_learned in document.parts]
    pieces.append(([*tokenizer.encode(document.completion).ids, end], True))
    ids: list[int] = []
    weights: list[float] = []
    for tokens, is_learned in pieces:
        ids += tokens
        weights += [1 / math.sqrt(len(tokens)) if is_learned else 0.0] * len(tokens)
    return ids, weights


def _cut(pool: list[Encoded]) -> list[list[Encoded]]:
    parts: list[list[Encoded]] = []
    first = 0
    while first < len(pool):
        last = first + 1
        while last < len(pool) and len(pool[last][0]) * (last + 1 - first) <= BATCH_TOKENS:
            last += 1
        parts.append(pool[first:last])
        first = last
    return parts


def _padded(items: list[Encoded], padding: int) -> Batch:
    longest = max(len(tokens) for tokens, _ in items)
    ids = torch.full((len(items), longest), padding)
    weights = torch.zeros(len(items), longest)
    for row, (tokens, counted) in enumerate(items):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        weights[row, : len(tokens)] = torch.tensor(counted)
    return Batch(ids, weights)
