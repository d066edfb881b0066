"""
Lays training sequences out so that a prompt shared by a group is computed once:

    row = [prompt][completion 1][completion 2]...

Each completion sees the prompt and itself only (a block mask), and its positions restart after the
prompt, so results equal those of separate rows. How many completions share a row is what costs the
fewest FLOPs, because attention costs more in a longer row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from azr_engine.length_buckets import cut_by_length
from azr_engine.memory_plan import MICRO_BATCH_TOKENS

PROMPT_SEGMENT = 0
PADDING_SEGMENT = -1


@dataclass(frozen=True)
class TrainingSequence:
    """
    One datum of the dialect. `targets[i]` is the token after `inputs[i]`; the loss begins at
    `start`, so `inputs[: start + 1]` is the prompt and `targets[start:]` the completion.
    """

    inputs: list[int]
    targets: list[int]
    start: int
    sampler_log_probs: list[float]
    advantages: list[float]
    weights: list[float]
    # Of each target's entropy in the bonus; empty where there is none.
    entropy_weights: list[float] = field(default_factory=list[float])

    @property
    def prompt(self) -> tuple[int, ...]:
        return tuple(self.inputs[: self.start + 1])

    @property
    def continuation(self) -> list[int]:
        """Completion tokens that are model inputs: all but the last target."""
        return self.inputs[self.start + 1 :]


@dataclass(frozen=True)
class Row:
    """A prompt and the sequences (indices) whose completions follow it."""

    prompt: tuple[int, ...]
    members: list[int]
    length: int


@dataclass(frozen=True)
class ComputeCost:
    """FLOPs of a forward pass: per token, and per pair of tokens in attention."""

    per_token: float
    per_pair: float

    def of_row(self, length: int, shared: bool) -> float:
        # A causal kernel skips half of the pairs; a block mask is applied to all of them.
        pairs = length * length if shared else length * length / 2
        return length * self.per_token + pairs * self.per_pair


@dataclass(frozen=True)
class MicroBatchLimits:
    """
    The largest numbers of padded tokens and of attention pairs in one micro-batch; `overhead` is
    how many tokens of padding one more micro-batch must save to be worth it.
    """

    tokens: int = MICRO_BATCH_TOKENS
    pairs: int = 1 << 25
    overhead: int = 512


@dataclass(frozen=True)
class MicroBatch:
    """
    Rows as tensors. `mask` is None where every row holds one sequence: plain causal attention with
    padding on the right needs none. `rows` and `columns` say at which outputs the loss tokens are
    predicted, in the order of `members` (sequence indices) and of each one's completion.
    """

    inputs: Tensor  # [B, L]
    positions: Tensor | None  # [B, L], None where they simply count
    mask: Tensor | None  # [B, 1, L, L], True where a query (second last) may see a key (last)
    rows: Tensor  # [N]
    columns: Tensor  # [N]
    members: list[int]


def pack(
    sequences: Sequence[TrainingSequence],
    cost: ComputeCost,
    limits: MicroBatchLimits,
    share_prompts: bool,
) -> list[MicroBatch]:
    """All sequences as micro-batches, rows of similar length together."""
    rows = plan_rows(sequences, cost, share_prompts)
    return [
        _tensors(part, sequences, shared)
        for shared in (False, True)
        for part in _parts(rows, shared, limits)
    ]


def join(batches: list[MicroBatch], limits: MicroBatchLimits) -> list[list[MicroBatch]]:
    """Consecutive batches that together are within the limit of tokens, for one pass each."""
    joined: list[list[MicroBatch]] = []
    tokens = limits.tokens + 1
    for batch in batches:
        tokens += batch.inputs.numel()
        if tokens > limits.tokens:
            joined.append([])
            tokens = batch.inputs.numel()
        joined[-1].append(batch)
    return joined


def places_in_one_list(batches: Sequence[MicroBatch]) -> Tensor:
    """Indices [N] of the outputs that predict loss tokens, in the concatenated batches."""
    before = 0
    places: list[Tensor] = []
    for batch in batches:
        places.append(before + batch.rows * batch.inputs.shape[1] + batch.columns)
        before += batch.inputs.numel()
    return torch.cat(places)


def _parts(rows: list[Row], shared: bool, limits: MicroBatchLimits) -> list[list[Row]]:
    chosen = sorted((row for row in rows if (len(row.members) > 1) is shared), key=_length)
    lengths = [row.length for row in chosen]
    ranges = cut_by_length(lengths, limits.overhead, limits.tokens, limits.pairs)
    return [chosen[part.start : part.stop] for part in ranges]


def plan_rows(
    sequences: Sequence[TrainingSequence], cost: ComputeCost, share_prompts: bool
) -> list[Row]:
    """Which sequences share a row."""
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, sequence in enumerate(sequences):
        groups[sequence.prompt].append(index)
    rows: list[Row] = []
    for prompt, members in groups.items():
        by_length = sorted(members, key=lambda index: len(sequences[index].inputs))
        sizes = range(1, len(members) + 1) if share_prompts else range(1, 2)
        plans = [_rows_of_group(prompt, by_length, size, sequences) for size in sizes]
        rows += min(plans, key=lambda plan: _plan_cost(plan, cost))
    return rows


def _rows_of_group(
    prompt: tuple[int, ...], members: list[int], size: int, sequences: Sequence[TrainingSequence]
) -> list[Row]:
    rows: list[Row] = []
    for begin in range(0, len(members), size):
        part = members[begin : begin + size]
        length = len(prompt) + sum(len(sequences[index].continuation) for index in part)
        rows.append(Row(prompt, part, length))
    return rows


def _plan_cost(rows: list[Row], cost: ComputeCost) -> float:
    return sum(cost.of_row(row.length, len(row.members) > 1) for row in rows)


def _length(row: Row) -> int:
    return row.length


def _tensors(rows: list[Row], sequences: Sequence[TrainingSequence], shared: bool) -> MicroBatch:
    length = max(row.length for row in rows)
    inputs: list[list[int]] = []
    positions: list[list[int]] = []
    segments: list[list[int]] = []
    batch_rows: list[int] = []
    columns: list[int] = []
    members: list[int] = []
    # Lists, each made a tensor at once: thousands of small tensors would take longer than a pass.
    for index, row in enumerate(rows):
        prompt = len(row.prompt)
        tokens = list(row.prompt)
        places = list(range(prompt))
        parts = [PROMPT_SEGMENT] * prompt
        for segment, member in enumerate(row.members, start=1):
            continuation = sequences[member].continuation
            count = len(continuation)
            # The prompt's last token predicts the first completion token.
            columns += [prompt - 1, *range(len(tokens), len(tokens) + count)]
            batch_rows += [index] * (count + 1)
            tokens += continuation
            places += range(prompt, prompt + count)
            parts += [segment] * count
            members.append(member)
        padding = length - len(tokens)
        inputs.append(tokens + [0] * padding)
        positions.append(places + [0] * padding)
        segments.append(parts + [PADDING_SEGMENT] * padding)
    return MicroBatch(
        torch.tensor(inputs, dtype=torch.long),
        torch.tensor(positions, dtype=torch.long) if shared else None,
        _block_mask(torch.tensor(segments)) if shared else None,
        torch.tensor(batch_rows, dtype=torch.long),
        torch.tensor(columns, dtype=torch.long),
        members,
    )


def _block_mask(segments: Tensor) -> Tensor:
    """[B, 1, L, L]: earlier or same position, and of the prompt or of the same completion."""
    length = segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    keys = segments[:, None, :]
    visible = (keys == PROMPT_SEGMENT) | (keys == segments[:, :, None])
    return (visible & causal)[:, None]
