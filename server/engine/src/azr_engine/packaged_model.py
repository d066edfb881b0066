"""The model that can be fetched from the Python package index, and its shape before it is there."""

from __future__ import annotations

from azr_engine.model_shape import ModelShape

PACKAGED_MODEL = "smollm2-135m"
# As its configuration and its weights say once it is fetched: SmolLM2-135M-Instruct.
PACKAGED_SHAPE = ModelShape(
    parameters=134_515_008,
    layers=30,
    hidden=576,
    intermediate=1536,
    query_width=576,
    key_width=192,
    vocabulary=49_152,
    context_tokens=8192,
)
