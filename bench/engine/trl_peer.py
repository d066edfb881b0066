"""
TRL's GRPOTrainer under remote control: one update per line on standard input, one line of JSON
with its figures on standard output. `main.ts` says what is held equal.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

ON_GPU = torch.cuda.is_available() and os.environ.get("AZR_DEVICE") != "cpu"

# Standard output belongs to the protocol; whatever libraries print goes to standard error.
_answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


class MeteredTrainer(GRPOTrainer):
    """Notes how long each batch was sampled for and how many tokens came of it."""

    generation_seconds = 0.0
    completion_tokens = 0
    prompt_tokens = 0

    def _generate_single_turn(self, prompt_ids: Any, *others: Any, **named: Any) -> Any:
        started = time.perf_counter()
        result = super()._generate_single_turn(prompt_ids, *others, **named)
        self.generation_seconds = time.perf_counter() - started
        self.completion_tokens = sum(len(ids) for ids in result[0])
        self.prompt_tokens = sum(len(ids) for ids in prompt_ids)
        return result


class Meter(TrainerCallback):
    """Waits before every update until told to go, unless it calibrates, and reports after it."""

    def __init__(self, wait: bool) -> None:
        self.trainer: MeteredTrainer | None = None
        self.updates: list[dict[str, float]] = []
        self._wait = wait
        self._started = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        if self._wait and not sys.stdin.readline():
            # The owner is gone or wants no more.
            os._exit(0)
        self._started = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        seconds = time.perf_counter() - self._started
        trainer = self.trainer
        assert trainer is not None
        update = {
            "seconds": seconds,
            "generationSeconds": trainer.generation_seconds,
            "completionTokens": trainer.completion_tokens,
            "promptTokens": trainer.prompt_tokens,
            "peakMemoryKb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
        self.updates.append(update)
        if self._wait:
            answer(update)


def answer(message: dict[str, Any]) -> None:
    print(json.dumps(message), file=_answers, flush=True)


def reward(completion_ids: list[list[int]], **_: Any) -> list[float]:
    """Of no meaning, but different within a group, so that every completion carries a gradient."""
    return [sum(ids) % 97 / 97 for ids in completion_ids]


def train(request: dict[str, Any], micro_batch: int, updates: int, wait: bool) -> Meter:
    sequences = len(request["prompts"]) * request["groupSize"]
    meter = Meter(wait)
    with tempfile.TemporaryDirectory(prefix="azr-trl-") as folder:
        settings = GRPOConfig(
            output_dir=folder,
            use_cpu=not ON_GPU,
            # As ours: weights in float32, multiplied in bfloat16 where the device does that itself.
            bf16=ON_GPU,
            fp16=False,
            per_device_train_batch_size=micro_batch,
            gradient_accumulation_steps=sequences // micro_batch,
            num_generations=request["groupSize"],
            max_completion_length=request["maximumTokens"],
            temperature=1.0,
            top_p=1.0,
            top_k=0,
            beta=0.0,
            epsilon=0.2,
            epsilon_high=0.28,
            num_iterations=1,
            shuffle_dataset=False,
            max_steps=updates,
            learning_rate=request["learningRate"],
            lr_scheduler_type="constant",
            max_grad_norm=1.0,
            optim="adamw_torch_fused",
            gradient_checkpointing=False,
            dataloader_pin_memory=False,
            logging_strategy="no",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=1,
        )
        trainer = MeteredTrainer(
            model=AutoModelForCausalLM.from_pretrained(request["model"], dtype=torch.float32),
            reward_funcs=reward,
            args=settings,
            train_dataset=Dataset.from_dict({"prompt": request["prompts"]}),
            processing_class=AutoTokenizer.from_pretrained(request["model"], padding_side="left"),
            callbacks=[meter],
        )
        meter.trainer = trainer
        trainer.train()
    return meter


def fastest_micro_batch(request: dict[str, Any]) -> int:
    """
    The micro-batch whose update trains fastest here, on a GPU the largest that its memory takes;
    sampling does not depend on it.
    """
    sequences = len(request["prompts"]) * request["groupSize"]
    candidates = [sequences // parts for parts in (1, 2, 4, 8) if sequences % parts == 0]

    def training_seconds(micro_batch: int) -> float:
        last = train(request, micro_batch, updates=2, wait=False).updates[-1]
        return last["seconds"] - last["generationSeconds"]

    if not ON_GPU:
        return min(candidates, key=training_seconds)
    # Fewest kernels to start; timing four sizes would take minutes of a GPU.
    fitting = next((size for size in candidates if fits(request, size)), candidates[-1])
    # What the trials took of the GPU is not the peer's peak.
    gc.collect()
    torch.cuda.empty_cache()
    return fitting


def fits(request: dict[str, Any], micro_batch: int) -> bool:
    try:
        train(request, micro_batch, updates=1, wait=False)
    except torch.OutOfMemoryError:
        return False
    return True


def main() -> None:
    transformers.logging.set_verbosity_error()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    torch.set_num_threads(cores or 1)
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    micro_batch = fastest_micro_batch(request)
    answer({"ready": True, "microBatch": micro_batch, "threads": torch.get_num_threads()})
    train(request, micro_batch, request["updates"], wait=True)


main()
