"""
Sampling by transformers' continuous batching: keys and values in pages, requests joining and
leaving the batch at every step, CUDA graphs where the device has them. Of it we keep scheduling,
cache and model; how tokens are drawn stays ours (`draw_tokens`), because the dialect wants a random
stream for each completion and log-probabilities of what was drawn from, and theirs has neither.

It reaches into parts of transformers that are not promised to stay, so whoever uses it must be able
to go on without it: every failure here is a `PagedSamplingError`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.generation.configuration_utils import ContinuousBatchingConfig, GenerationConfig
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessor,
)
from transformers.generation.continuous_batching.utils import WorkloadHints
from transformers.utils.import_utils import is_flash_attn_2_available

from azr_engine.errors import cancelled
from azr_engine.policy import Policy
from azr_engine.sampling_parameters import SamplingParameters, draw_tokens
from azr_engine.seeding import seeded, stream_seed

POLL_SECONDS = 0.05
# Flash attention reads pages of 256 tokens; without it, small ones let shorter prompts be shared.
FLASH_PAGE_TOKENS = 256
PAGE_TOKENS = 16
# Without flash attention a mask over the batch and the whole cache is kept.
MASKED_BATCH_TOKENS = 512
# What is drawn for requests that only warm the device up.
WARM_UP_UNIFORM = 0.5


class PagedSamplingError(Exception):
    """Continuous batching does not work here; the message says why."""


@dataclass(frozen=True)
class PagedRequest:
    """One completion: `seed` is its own, `limit` the most tokens that it may have."""

    prompt: Sequence[int]
    limit: int
    seed: int


@dataclass(frozen=True)
class PagedCompletion:
    tokens: list[int]
    log_probs: list[float]


def is_paged_sampling_worthwhile(device: torch.device) -> bool:
    """
    With flash attention, which reads a request's own pages. Without, every query is masked against
    the whole cache, and prompts shared by groups (prefix_cache.py) cost less.
    """
    return device.type == "cuda" and is_flash_attn_2_available()


class SeededDraw(ContinuousBatchingLogitsProcessor):
    """Not of logits: it carries a uniform number for every token to where tokens are drawn."""

    ignored_kwargs: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.supported_kwargs = {}
        self.streams: dict[str, random.Random] = {}
        self.parameters = SamplingParameters(1)
        self._uniform: Tensor | None = None

    def fill_defaults(self, int32_tensor: Tensor) -> None:
        default = torch.full_like(int32_tensor, WARM_UP_UNIFORM, dtype=torch.float32)
        int32_tensor.copy_(default.view(dtype=torch.int32))

    def prepare_tensor_args(self, requests_with_new_token: list[Any]) -> Tensor:
        numbers = [self._next(request.state.request_id) for request in requests_with_new_token]
        return torch.tensor(numbers, dtype=torch.float32).view(dtype=torch.int32)

    def _next(self, request_id: str) -> float:
        stream = self.streams.get(request_id)
        return WARM_UP_UNIFORM if stream is None else stream.random()

    def __call__(self, scores: Any, tensor_arg: Tensor) -> Any:
        self._uniform = tensor_arg[: scores.size(0)].view(dtype=torch.float32)
        return scores

    def draw(self, scores: Tensor, output_ids: Tensor) -> None:
        """
        In the place of ModelRunner._sample: scores [1, N, V]; tokens and their log-probabilities,
        the latter as the bits of float32, into rows 0 and 1 of output_ids [2, at least N].
        """
        assert self._uniform is not None
        parameters = self.parameters
        tokens, log_probs = draw_tokens(
            scores[0], self._uniform.double(), parameters.temperature, parameters.top_p
        )
        count = tokens.shape[0]
        output_ids[0, :count].copy_(tokens)
        output_ids[1, :count].copy_(log_probs.view(dtype=torch.int32))


class PagedSampler:
    """
    A running manager for one policy and one kind of request. It holds its cache until `close`, so
    it must be closed before the memory is wanted for training.
    """

    def __init__(
        self, policy: Policy, parameters: SamplingParameters, hints: WorkloadHints, cache: int
    ) -> None:
        """`cache` is the number of tokens whose keys and values are kept at once."""
        self._policy = policy
        self._draw = SeededDraw()
        self._draw.parameters = parameters
        self._rows = max(1, hints.num_requests)
        self._cache = cache
        try:
            # Theirs seeds torch for everybody, though what it would draw is replaced here.
            with seeded(policy.device, "paged sampling"):
                self._manager = self._start(hints)
        except Exception as error:
            raise PagedSamplingError(f"{type(error).__name__}: {error}") from error

    def _start(self, hints: WorkloadHints) -> Any:
        flash = is_paged_sampling_worthwhile(self._policy.device)
        page = FLASH_PAGE_TOKENS if flash else PAGE_TOKENS
        # Every request may leave most of its last page empty.
        blocks = math.ceil(self._cache / page) + self._rows
        config = ContinuousBatchingConfig(
            page_size=page,
            num_blocks=blocks,
            max_batch_tokens=None if flash else MASKED_BATCH_TOKENS,
            auto_switch_to_flash=flash,
            return_logprobs=True,
            seed=0,
        )
        network: Any = self._policy.network
        manager: Any = network.init_continuous_batching(
            GenerationConfig(do_sample=True, eos_token_id=-1), config, hints
        )
        processors = manager.logit_processor
        processors.clear()
        processors.logits_processor.append(self._draw)
        processors.tensors_required = 1
        processors.do_processing = True
        batches = manager._create_batch_processor()
        manager.batch_processor = batches
        # Before the warm-up, which may capture the drawing in a graph.
        batches.model_runner._sample = self._draw.draw
        manager.warmup()
        manager.start()
        return manager

    def suits(self, parameters: SamplingParameters, rows: int, cache: int) -> bool:
        """Whether it draws as asked and neither its batch nor its cache is too small."""
        drawing = self._draw.parameters
        alike = (drawing.temperature, drawing.top_p) == (parameters.temperature, parameters.top_p)
        return alike and rows <= self._rows and cache <= self._cache

    def sample(
        self, requests: Sequence[PagedRequest], endings: list[int], is_cancelled: Callable[[], bool]
    ) -> list[PagedCompletion]:
        """Completions in the order of the requests, the ending token included."""
        names = [str(index) for index in range(len(requests))]
        self._draw.streams = {
            name: random.Random(request.seed) for name, request in zip(names, requests, strict=True)
        }
        # Prompts that are equal adjoin, so that the later find the pages of the earlier.
        order = sorted(range(len(requests)), key=lambda index: list(requests[index].prompt))
        for index in order:
            request = requests[index]
            self._manager.add_request(
                list(request.prompt),
                request_id=names[index],
                max_new_tokens=request.limit,
                eos_token_id=endings,
            )
        finished: dict[str, PagedCompletion] = {}
        while len(finished) < len(requests):
            if is_cancelled():
                self.close()
                raise cancelled()
            result = self._manager.get_result(timeout=POLL_SECONDS)
            if result is None:
                self._check_running()
                continue
            if result.error is not None:
                raise PagedSamplingError(result.error)
            finished[result.request_id] = PagedCompletion(result.generated_tokens, result.logprobs)
        return [finished[name] for name in names]

    def _check_running(self) -> None:
        fatal = self._manager.background_thread_status.fatal_error
        if fatal is not None or not self._manager.is_running():
            raise PagedSamplingError(f"the generation thread ended: {fatal}")

    def close(self) -> None:
        """Ends the thread, frees the cache and gives the model its own attention back."""
        self._manager.stop(block=True, hard_stop=True)
        self._manager.destroy()


def completion_seed(seed: int, index: int) -> int:
    """Of completion `index` of a request with this seed."""
    return stream_seed("completion", seed, index)
