"""Which rows share a padded batch: padding is weighed against the overhead of one more batch."""

from __future__ import annotations

from collections.abc import Sequence


def cut_by_length(
    lengths: Sequence[int], overhead: int, tokens: int, pairs: int | None = None
) -> list[range]:
    """
    Ranges of rows, sorted by length, each padded to its longest. They minimise padded tokens plus
    `overhead` per range. A range of several rows holds at most `tokens` padded tokens, and `pairs`
    pairs of tokens.

    Only the limits separate rows of one length, so that the dynamic programming takes time by the
    number of different lengths.
    """
    runs = _runs(lengths, tokens, pairs)
    # best[j]: least cost of the first j runs, and where the last range of that begins.
    best: list[tuple[int, int]] = [(0, 0)]
    for end in range(1, len(runs) + 1):
        longest = lengths[runs[end - 1].start]
        least: tuple[int, int] | None = None
        for begin in range(end - 1, -1, -1):
            rows = runs[end - 1].stop - runs[begin].start
            if begin < end - 1 and not _fits(rows, longest, tokens, pairs):
                break
            cost = best[begin][0] + rows * longest + overhead
            if least is None or cost < least[0]:
                least = (cost, begin)
        assert least is not None
        best.append(least)
    cuts: list[range] = []
    end = len(runs)
    while end > 0:
        begin = best[end][1]
        cuts.append(range(runs[begin].start, runs[end - 1].stop))
        end = begin
    return cuts[::-1]


def _fits(rows: int, longest: int, tokens: int, pairs: int | None) -> bool:
    padded = rows * longest
    return padded <= tokens and (pairs is None or padded * longest <= pairs)


def _runs(lengths: Sequence[int], tokens: int, pairs: int | None) -> list[range]:
    """Neighbours of one length, no more of them than a range may hold."""
    runs: list[range] = []
    for place, length in enumerate(lengths):
        if runs:
            last = runs[-1]
            if lengths[last.start] == length and _fits(len(last) + 1, length, tokens, pairs):
                runs[-1] = range(last.start, place + 1)
                continue
        runs.append(range(place, place + 1))
    return runs
