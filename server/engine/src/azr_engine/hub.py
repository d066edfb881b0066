"""
Downloads from the Hugging Face Hub, or the server that HF_ENDPOINT names, into the user's cache:
files that any program downloaded before are reused. A broken connection is resumed where it broke;
when a download is ended, its complete files are kept and the others start over, because
huggingface_hub resumes no partial file of another process. HF_HOME, HF_TOKEN and HF_HUB_OFFLINE
have their usual meaning.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils import tqdm as hub_tqdm

from azr_engine.errors import EngineError

# The files of a model; never pickles, since loading one can run code.
PATTERNS = ["*.json", "*.safetensors", "*.jinja", "tokenizer.model", "*.txt", "LICENSE*"]
REPORT_SECONDS = 0.5


def download(model: str, report: Callable[[dict[str, object]], None]) -> Path:
    """The snapshot folder of the newest revision. Throws EngineError."""
    try:
        folder = Path(
            snapshot_download(model, allow_patterns=PATTERNS, tqdm_class=_progress(report))
        )
    except Exception as error:
        raise _explained(model, error) from error
    if not any(folder.glob("*.safetensors")):
        raise EngineError(
            "model_without_safetensors",
            f"{model} has no weights in safetensors.",
            "Choose a model that has them: older formats can run code when they are loaded.",
        )
    return folder


def _progress(report: Callable[[dict[str, object]], None]) -> type[Any]:
    """A progress bar that reports its bytes as JSON, at most twice a second."""
    lock = threading.Lock()
    state = {"reported": 0.0}

    class Reported(hub_tqdm):
        def update(self, n: float | None = 1) -> bool | None:
            result = super().update(n)
            # Bars of hub_tqdm are disabled where there is no terminal, and then do not count.
            if getattr(self, "_bytes", None) is None:
                self._bytes = 0.0
            self._bytes += n or 0
            with lock:
                now = time.monotonic()
                if self.total and self.total > 1024 and now - state["reported"] >= REPORT_SECONDS:
                    state["reported"] = now
                    total = int(self.total)
                    report({"event": "progress", "done": int(self._bytes), "total": total})
            return result

    return Reported


def _explained(model: str, error: Exception) -> EngineError:
    if isinstance(error, GatedRepoError):
        return EngineError(
            "model_gated",
            f"{model} is gated: its owner must let you in.",
            f"Ask for access at https://huggingface.co/{model}, then log in with `hf auth login` "
            "or set HF_TOKEN.",
        )
    if isinstance(error, RepositoryNotFoundError):
        return EngineError(
            "model_unknown",
            f"There is no model {model} on {HfApi().endpoint}, or it is private.",
            "Check the spelling, owner included; for a private one set HF_TOKEN.",
        )
    if isinstance(error, HFValidationError):
        return EngineError(
            "model_unknown", f"{model!r} is not the id of a model.", "Write it as owner/name."
        )
    if isinstance(error, OfflineModeIsEnabled) or (
        isinstance(error, LocalEntryNotFoundError) and _is_offline()
    ):
        return EngineError(
            "offline",
            f"{model} is not in the cache, and HF_HUB_OFFLINE forbids to download it.",
            "Unset HF_HUB_OFFLINE, or copy the model's folder here and name that.",
        )
    if isinstance(error, OSError) and error.errno is not None:
        return EngineError(
            "model_not_written",
            f"{model} could not be written to the cache: {error.strerror or error}.",
            "Free some disk space, or set HF_HOME to a folder on another disk; what is there "
            "already is not downloaded again.",
        )
    if isinstance(error, (LocalEntryNotFoundError, HfHubHTTPError, httpx2.HTTPError)):
        return EngineError(
            "network",
            f"{model} could not be downloaded from {HfApi().endpoint}: {error}",
            "Check the network (HTTPS_PROXY, HF_ENDPOINT) and try again: complete files stay.",
        )
    raise error


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)
