"""Cuts by length against the best of all cuts, tried one by one."""

from __future__ import annotations

import itertools
import random

import pytest

from azr_engine.length_buckets import cut_by_length


def cost(lengths: list[int], cuts: list[range], overhead: int) -> int:
    return sum(len(cut) * lengths[cut.stop - 1] + overhead for cut in cuts)


def all_cuts(count: int) -> list[list[range]]:
    places = range(1, count)
    chosen = itertools.chain.from_iterable(
        itertools.combinations(places, size) for size in range(count)
    )
    return [
        [range(begin, end) for begin, end in itertools.pairwise([0, *inner, count])]
        for inner in chosen
    ]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("overhead", [1, 20, 400])
def test_no_cut_costs_less(seed: int, overhead: int) -> None:
    stream = random.Random(seed)
    lengths = sorted(stream.choice([5, 8, 9, 30, 31, 90, 100]) for _ in range(9))
    tokens, pairs = 300, 20_000

    def is_within(cut: range) -> bool:
        padded = len(cut) * lengths[cut.stop - 1]
        return len(cut) == 1 or (padded <= tokens and padded * lengths[cut.stop - 1] <= pairs)

    allowed = [cuts for cuts in all_cuts(9) if all(is_within(cut) for cut in cuts)]
    best = min(cost(lengths, cuts, overhead) for cuts in allowed)
    chosen = cut_by_length(lengths, overhead, tokens, pairs)
    assert [place for cut in chosen for place in cut] == list(range(9))
    assert all(is_within(cut) for cut in chosen)
    whole = [range(lengths.index(one), lengths.index(one) + lengths.count(one)) for one in lengths]
    if all(is_within(run) for run in whole):
        assert cost(lengths, chosen, overhead) == best


def test_by_hand() -> None:
    # Apart they are 40 + 300 tokens and two batches, together 6 * 100 and one.
    lengths = [20, 20, 100, 100, 100]
    assert cut_by_length(lengths, 100, 10_000) == [range(0, 2), range(2, 5)]
    assert cut_by_length(lengths, 200, 10_000) == [range(0, 5)]
    assert cut_by_length([7] * 5, 1, 14) == [range(0, 2), range(2, 4), range(4, 5)]
    # One row is computed whatever its length.
    assert cut_by_length([50], 1, 10) == [range(0, 1)]
    assert cut_by_length([], 1, 10) == []
