"""Sampling by several ranks: each samples its share of the completions, the leader joins them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from azr_engine.errors import EngineError
from azr_engine.ranks import Ranks
from azr_engine.sampling import SampledSequence, SampleItem
from azr_engine.seeding import stream_seed

Groups = list[list[SampledSequence]]


def sample_over_ranks(
    ranks: Ranks,
    items: Sequence[SampleItem],
    seed: int,
    sample: Callable[[list[SampleItem], int], Groups],
) -> Groups:
    """
    Completions of every item, in order. Every rank must call it alike; `sample` has no collective
    operations. A seed gives the same completions for the same number of ranks.
    """
    places = [index for index, item in enumerate(items) for _ in range(item.samples)]
    counts = own_counts(places[ranks.slice_of(len(places))])
    own = [SampleItem(items[index].prompt, count) for index, count in counts]
    part: dict[str, Any] = {}
    try:
        groups = sample(own, stream_seed("rank", seed, ranks.rank)) if own else []
        part["groups"] = [[_packed(row) for row in group] for group in groups]
    except EngineError as error:
        # Told in the exchange, so that no rank waits in vain for another.
        part["error"] = {**error.payload(), "status": error.status}
    results: Groups = [[] for _ in items]
    flat: list[SampledSequence] = []
    for one in ranks.collect(part):
        if "error" in one:
            error = one["error"]
            raise EngineError(error["code"], error["error"], error["remedy"], error["status"])
        flat += [SampledSequence(*row) for group in one["groups"] for row in group]
    for index, sequence in zip(places, flat, strict=True):
        results[index].append(sequence)
    return results


def own_counts(places: Sequence[int]) -> list[tuple[int, int]]:
    """How many of each item there are in a sorted list of item numbers."""
    counts: dict[int, int] = {}
    for place in places:
        counts[place] = counts.get(place, 0) + 1
    return list(counts.items())


def _packed(row: SampledSequence) -> list[Any]:
    return [row.tokens, row.log_probs, row.stop_reason]
