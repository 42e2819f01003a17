"""Optimizers by name, the learning rate over time, and gradient clipping."""

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Optimizer

from seqkit.settings import settings

OptimizerName = Literal[
    "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lazy_adam"
]


@settings
class OptimizerSettings:
    """How the weights follow the gradient."""

    optimizer: OptimizerName = Field(
        default="adam", description="lazy_adam updates only the embedding rows in the batch"
    )
    lr: float = Field(default=1e-3, gt=0, description="learning rate (its peak, with warm-up)")
    weight_decay: float = Field(
        default=0.0, ge=0, description="of weight matrices and embeddings; decoupled for adamw"
    )
    momentum: float = Field(default=0.9, ge=0, lt=1, description="for momentum and nesterov")
    beta2: float = Field(default=0.999, gt=0, lt=1, description="second moment of the adams")
    schedule: Literal["constant", "step", "cosine", "linear", "plateau"] = Field(
        default="constant", description="the learning rate over time, after the warm-up"
    )
    warmup: float = Field(
        default=0.0, ge=0, lt=1, description="share of all steps that lr rises from 0"
    )
    step_every: int = Field(default=1, ge=1, description="step: epochs between two reductions")
    factor: float = Field(default=0.5, gt=0, lt=1, description="step, plateau: reduce lr by this")
    patience: int = Field(
        default=1, ge=0, description="plateau: epochs without a better score before reducing"
    )
    clip_norm: float = Field(default=0.0, ge=0, description="largest gradient norm (0: no limit)")
    clip_value: float = Field(
        default=0.0, ge=0, description="largest gradient of one weight (0: no limit)"
    )


@runtime_checkable
class Sparse(Protocol):
    """A module that reads some rows of its weight, and says so in the gradient if ``sparse``."""

    sparse: bool
    weight: nn.Parameter


class LazyAdam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1) for sparse gradients: only rows in the batch move.

    Moments of a row decay only when the row occurs; the bias correction counts all steps, as in
    ``torch.optim.SparseAdam``, from which it differs in weight decay (decoupled, rows in the
    batch only) and in reading the gradient's rows once.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move the rows that have a gradient."""
        assert closure is None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, group)

    def _move(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        assert parameter.grad is not None
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        state["step"] += 1
        gradient = parameter.grad.coalesce()
        rows, g = gradient.indices()[0], gradient.values()
        beta1, beta2 = group["betas"]
        m = torch.lerp(state["exp_avg"][rows], g, 1 - beta1)
        v = torch.lerp(state["exp_avg_sq"][rows], g * g, 1 - beta2)
        state["exp_avg"][rows], state["exp_avg_sq"][rows] = m, v
        t = state["step"].item()
        rate = group["lr"] * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        row = parameter[rows]
        if group["weight_decay"]:
            row = row * (1 - group["lr"] * group["weight_decay"])
        parameter[rows] = row.addcdiv_(m, v.sqrt_().add_(group["eps"]), value=-rate)


def build_optimizers(model: nn.Module, chosen: OptimizerSettings) -> list[Optimizer]:
    """Return the optimizers that together move every trainable weight of ``model``.

    Weight decay applies to matrices and embeddings, not to biases and normalisation.
    ``lazy_adam`` makes the embeddings' gradients sparse and gives the other weights Adam.
    """
    lazy: list[nn.Parameter] = []
    if chosen.optimizer == "lazy_adam":
        modules = list(model.modules())
        dense = [getattr(m, "weight", None) for m in modules if not isinstance(m, Sparse)]
        whole = {id(weight) for weight in dense}  # tied to a full softmax, say
        for module in modules:
            reader: object = module  # torch says that any attribute may be a tensor
            if not isinstance(reader, Sparse) or id(reader.weight) in whole:
                continue
            if reader.weight.requires_grad:
                reader.sparse = True
                lazy.append(reader.weight)
        lazy = list(dict.fromkeys(lazy))  # a weight may be both embedding and softmax
    taken = {id(parameter) for parameter in lazy}
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in taken]
    groups = [
        {"params": [p for p in rest if p.ndim >= 2], "weight_decay": chosen.weight_decay},
        {"params": [p for p in rest if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    optimizers: list[Optimizer] = [_dense(groups, chosen)] if groups else []
    if lazy:
        betas = (0.9, chosen.beta2)
        optimizers.append(LazyAdam(lazy, chosen.lr, betas, weight_decay=chosen.weight_decay))
    return optimizers


def _dense(groups: list[dict[str, Any]], chosen: OptimizerSettings) -> Optimizer:
    lr, betas = chosen.lr, (0.9, chosen.beta2)
    optim = torch.optim
    match chosen.optimizer:
        case "sgd":
            return optim.SGD(groups, lr, fused=True)
        case "momentum":
            return optim.SGD(groups, lr, momentum=chosen.momentum, fused=True)
        case "nesterov":
            return optim.SGD(groups, lr, momentum=chosen.momentum, nesterov=True, fused=True)
        case "adagrad":
            return optim.Adagrad(groups, lr)
        case "rmsprop":
            return optim.RMSprop(groups, lr)
        case "adam" | "lazy_adam":
            return optim.Adam(groups, lr, betas, fused=True)
        case "adamw":
            return optim.AdamW(groups, lr, betas, fused=True)


class Schedule:
    """The learning rate at each step: a warm-up, then one of the shapes in the settings.

    Args:
        chosen: the settings.
        steps: the steps of the whole training.
        steps_per_epoch: the steps of one epoch.
    """

    def __init__(self, chosen: OptimizerSettings, steps: int, steps_per_epoch: int) -> None:
        self.chosen, self.steps, self.steps_per_epoch = chosen, max(steps, 1), steps_per_epoch
        self.warmup = math.ceil(chosen.warmup * steps)
        self.reductions = 0  # plateau: how often the rate was reduced
        self.waited = 0  # plateau: epochs since the last better score

    def rate(self, step: int) -> float:
        """Return the learning rate of the ``step``-th update, from 0."""
        if step < self.warmup:
            return self.chosen.lr * (step + 1) / self.warmup
        progress = min(1.0, (step - self.warmup) / max(1, self.steps - self.warmup))
        match self.chosen.schedule:
            case "constant":
                scale = 1.0
            case "step":
                epoch = step // self.steps_per_epoch
                scale = self.chosen.factor ** (epoch // self.chosen.step_every)
            case "cosine":  # Loshchilov and Hutter 2017, equation 5, without restarts
                scale = 0.5 * (1 + math.cos(math.pi * progress))
            case "linear":
                scale = 1 - progress
            case "plateau":
                scale = self.chosen.factor**self.reductions
        return self.chosen.lr * scale

    def observe(self, better: bool) -> None:
        """Tell a plateau schedule whether the last epoch had a better score than any before."""
        self.waited = 0 if better else self.waited + 1
        if self.waited > self.chosen.patience:
            self.reductions += 1
            self.waited = 0


def clip_gradients(model: nn.Module, norm: float, value: float) -> float:
    """Clip the gradients in place, by value first, and return their norm before clipping by it.

    Works for dense and row-sparse gradients. ``0`` means no limit. The result may be infinite
    or NaN: that is for the caller to judge.
    """
    gradients: list[Tensor] = []
    for parameter in model.parameters():
        if parameter.grad is None:
            continue
        if parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            gradients.append(parameter.grad.values())
        else:
            gradients.append(parameter.grad)
    if not gradients:
        return 0.0
    if value:
        for gradient in gradients:
            gradient.clamp_(-value, value)
    total = float(nn.utils.get_total_norm(gradients))
    if norm and total > norm and math.isfinite(total):
        for gradient in gradients:
            gradient.mul_(norm / total)
    return total
