"""
Muon, for steps that ask for another optimizer than the policy's. The step of a weight matrix is its
momentum with every singular value set to about 1, by five Newton-Schulz iterations (Jordan et al.
2024, https://kellerjordan.github.io/posts/muon/), times 0.2 * sqrt(the larger side) of the learning
rate, which makes it as large as a step of AdamW (Liu et al. 2025, arXiv 2502.16982): the rates of
AdamW hold for it.

Embeddings, the output head, norms and biases are trained by an AdamW of its own. The gradient of an
embedding has rows only for the tokens that occurred, so a step of equal length in all directions
would mostly be noise. This AdamW has half of the learning rate: that is the ratio at which
the embedded model was pretrained (azr_nano/pretrain.py).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim import AdamW, Muon, Optimizer

from azr_engine.policy import Policy

MOMENTUM = 0.95
BETAS = (0.9, 0.98)
ADAMW_RATE_SHARE = 0.5
"""The learning rate of all but the weight matrices, as a share of that of the matrices."""


class MuonWithAdamW:
    """Optimizes the trainable parameters of a policy; clearing gradients is left to the caller."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        matrices, others = _matrices_and_others(policy)
        # With adapters there are matrices only, and torch refuses an optimizer without parameters.
        self._muon = (
            Muon(matrices, lr=0.0, momentum=MOMENTUM, adjust_lr_fn="match_rms_adamw")
            if matrices
            else None
        )
        self._adam = AdamW(others, lr=0.0, betas=BETAS, fused=True) if others else None

    def step(self, learning_rate: float, weight_decay: float, epsilon: float) -> None:
        """One step; `epsilon` is AdamW's."""
        if self._muon is not None:
            _set(self._muon, lr=learning_rate, weight_decay=weight_decay)
            self._muon.step()
        if self._adam is not None:
            rate = learning_rate * ADAMW_RATE_SHARE
            _set(self._adam, lr=rate, weight_decay=weight_decay, eps=epsilon)
            self._adam.step()

    def state(self) -> dict[str, dict[str, Tensor]]:
        """State by parameter and by key; empty before the first step."""
        return {
            name: dict(optimizer.state[parameter])
            for name, parameter, optimizer in self._with_optimizers()
            if parameter in optimizer.state
        }

    def restore(self, state: dict[str, dict[str, Tensor]]) -> None:
        """Takes over a saved state, before the first step."""
        for name, parameter, optimizer in self._with_optimizers():
            if name in state:
                optimizer.state[parameter] = dict(state[name])

    def _with_optimizers(self) -> list[tuple[str, nn.Parameter, Optimizer]]:
        """Every trainable parameter with the optimizer that it belongs to."""
        optimizers = [one for one in (self._muon, self._adam) if one is not None]
        owners = {
            parameter: optimizer
            for optimizer in optimizers
            for group in optimizer.param_groups
            for parameter in group["params"]
        }
        return [
            (name, parameter, owners[parameter])
            for name, parameter in self._policy.trainable_parameters()
        ]


def _matrices_and_others(policy: Policy) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Told apart by their modules, since names differ between architectures."""
    network = policy.network
    embeddings = [module for module in network.modules() if isinstance(module, nn.Embedding)]
    modules: list[nn.Module] = [*embeddings, network.get_output_embeddings()]
    not_matrices = {parameter for module in modules for parameter in module.parameters()}
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for _, parameter in policy.trainable_parameters():
        is_matrix = parameter.ndim == 2 and parameter not in not_matrices
        (matrices if is_matrix else others).append(parameter)
    return matrices, others


def _set(optimizer: Optimizer, **values: float) -> None:
    for group in optimizer.param_groups:
        group.update(values)
