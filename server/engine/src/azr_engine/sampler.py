"""
What one policy is sampled with: decoding loops over prompts that groups share, or, where these
cannot be captured in graphs, transformers' paged continuous batching if it is worth it and works.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from transformers.generation.continuous_batching.utils import WorkloadHints

from azr_engine.paged_sampling import (
    PagedRequest,
    PagedSampler,
    PagedSamplingError,
    completion_seed,
    is_paged_sampling_worthwhile,
)
from azr_engine.policy import Policy
from azr_engine.sampling import (
    CACHE_TOKENS,
    DecodingKind,
    SampledSequence,
    SampleItem,
    check_items,
    completion_limit,
    ending_tokens,
    sample,
    seed_of,
)
from azr_engine.sampling_parameters import SamplingParameters

logger = logging.getLogger("azr_engine")


class Sampler:
    """
    `paged` None decides by the device and the way of decoding. Where paged sampling fails, it is
    not tried again.
    """

    def __init__(self, policy: Policy, decoding: DecodingKind, paged: bool | None = None) -> None:
        self.policy = policy
        self._decoding: DecodingKind = decoding
        worthwhile = decoding != "graphed" and is_paged_sampling_worthwhile(policy.device)
        self.paged = worthwhile if paged is None else paged
        self._running: PagedSampler | None = None

    def sample(
        self,
        items: Sequence[SampleItem],
        parameters: SamplingParameters,
        is_cancelled: Callable[[], bool] = lambda: False,
        cache_tokens: int = CACHE_TOKENS,
    ) -> list[list[SampledSequence]]:
        """As `sampling.sample`; what a seed gives differs between the two ways of sampling."""
        if self.paged:
            check_items(self.policy, items)
            try:
                return self._sample_paged(items, parameters, is_cancelled, cache_tokens)
            except PagedSamplingError as error:
                logger.warning("paged sampling failed, going on with shared prompts: %s", error)
                self.paged = False
            except BaseException:
                self.release()
                raise
            # Outside the handler, whose traceback would keep the cache alive.
            self.release()
        return sample(self.policy, items, parameters, self._decoding, is_cancelled, cache_tokens)

    def release(self) -> None:
        """Frees the pages and graphs kept between requests: training wants the memory."""
        running, self._running = self._running, None
        if running is not None:
            running.close()

    def _sample_paged(
        self,
        items: Sequence[SampleItem],
        parameters: SamplingParameters,
        is_cancelled: Callable[[], bool],
        cache_tokens: int,
    ) -> list[list[SampledSequence]]:
        seed = seed_of(parameters)
        prompts = [item.prompt for item in items for _ in range(item.samples)]
        requests = [
            PagedRequest(
                prompt,
                completion_limit(self.policy, len(prompt), parameters.max_tokens),
                completion_seed(seed, index),
            )
            for index, prompt in enumerate(prompts)
        ]
        endings = ending_tokens(self.policy, parameters)
        sampler = self._prepared(requests, parameters, cache_tokens)
        completions = sampler.sample(requests, endings, is_cancelled)
        sequences = iter(
            SampledSequence(
                completion.tokens,
                completion.log_probs,
                "stop" if completion.tokens[-1] in endings else "length",
            )
            for completion in completions
        )
        return [[next(sequences) for _ in range(item.samples)] for item in items]

    def _prepared(
        self, requests: list[PagedRequest], parameters: SamplingParameters, cache_tokens: int
    ) -> PagedSampler:
        """The one that runs, if it suits these requests; else one made for them."""
        wanted = min(cache_tokens, sum(len(item.prompt) + item.limit for item in requests))
        longest = max(len(item.prompt) + item.limit for item in requests)
        running = self._running
        if running is not None and running.suits(parameters, len(requests), max(wanted, longest)):
            return running
        self.release()
        hints = WorkloadHints(
            max_prompt_length=max(len(item.prompt) for item in requests),
            max_generated_length=max(item.limit for item in requests),
            num_requests=len(requests),
        )
        self._running = PagedSampler(self.policy, parameters, hints, max(wanted, longest))
        return self._running
