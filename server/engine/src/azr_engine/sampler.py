"""A policy together with the fastest way of decoding that is exact for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azr_engine.policy import Policy
from azr_engine.probing import probe_decoding
from azr_engine.sampling import CACHE_TOKENS, DecodingKind, SampledSequence, SampleItem, sample
from azr_engine.sampling_parameters import SamplingParameters


@dataclass(frozen=True)
class Sampler:
    policy: Policy
    decoding: DecodingKind

    @staticmethod
    def of(policy: Policy) -> Sampler:
        """Compares the ways of decoding (probing.py), which takes a few forward passes."""
        return Sampler(policy, probe_decoding(policy))

    def sample(
        self,
        items: Sequence[SampleItem],
        parameters: SamplingParameters,
        is_cancelled: Callable[[], bool] = lambda: False,
        cache_tokens: int = CACHE_TOKENS,
    ) -> list[list[SampledSequence]]:
        """As `sampling.sample`."""
        return sample(self.policy, items, parameters, self.decoding, is_cancelled, cache_tokens)
