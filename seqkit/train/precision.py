"""Where a model is trained, and with what numbers."""

import importlib.util
import math
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from seqkit.errors import SeqkitError
from seqkit.processes import launched

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
PrecisionName = Literal["float32", "bfloat16", "float16"]

FIRST_SCALE = 2.0**16
GROW_EVERY = 2000  # steps without an overflow


def pick_device(name: DeviceName, *, lazy: bool = False) -> torch.device:
    """Return the device for a setting's name: auto is CUDA, else MPS, else the CPU.

    Under ``torchrun`` each process of a machine has a GPU of its own, by ``LOCAL_RANK``.

    Args:
        name: of the setting.
        lazy: whether gradients are sparse, which MPS cannot add up; nor can several processes.

    Raises:
        SeqkitError: if it was asked for by name and is not there, or cannot be used.
    """
    several = launched()
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = "cuda" if here["cuda"] else "mps"
        if not here[name] or (name == "mps" and (lazy or several)):
            name = "cpu"
    if not here.get(name, True):
        raise SeqkitError(f"there is no {name} device on this machine: use device=auto.")
    if name == "mps" and (lazy or several):
        what = "optimizer=lazy_adam" if lazy else "torchrun"
        raise SeqkitError(f"device=mps does not go with {what}: use device=cpu.")
    if name != "cuda" or not several:
        return torch.device(name)
    own, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if own >= gpus:
        raise SeqkitError(
            f"this machine has {gpus} GPUs, and torchrun has started more processes: use "
            f"--nproc-per-node {gpus}, or device=cpu."
        )
    torch.cuda.set_device(own)
    return torch.device("cuda", own)


def refuse_senseless(device: torch.device, precision: PrecisionName, compiled: bool) -> None:
    """Make sure that a device can do what the settings want of it.

    Raises:
        SeqkitError: if not.
    """
    if precision == "float16" and device.type == "cpu":
        raise SeqkitError(
            "precision=float16 is for GPUs: on a CPU use bfloat16, where it has products of that "
            "kind, or float32."
        )
    if precision == "bfloat16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise SeqkitError("this GPU has no bfloat16: use precision=float16.")
    if compiled and device.type != "cuda":
        raise SeqkitError(
            f"compile=true is for CUDA, and this is {device.type}: leave it out (on a CPU the "
            "recurrent layers are compiled already)."
        )
    if compiled and importlib.util.find_spec("triton") is None:
        raise SeqkitError("compile=true needs Triton: pip install triton, or leave it out.")


def compile_parts(model: nn.Module) -> None:
    """Compile each part of ``model`` when it is first called, for batches of any size.

    By part, as what joins them holds data that are no tensors. Recurrences that cuDNN reads are
    left to it.
    """
    for part in model.children():
        part.compile(dynamic=True)


class Precision:
    """Mixed precision (Micikevicius et al. 2018): weights in float32, products in half of it.

    With float16 the loss is multiplied by ``scale``, so that small gradients do not vanish (their
    section 3.2): halved whenever a gradient overflows, and that update left out; doubled after
    ``GROW_EVERY`` steps in a row that did not, as ``torch.amp.GradScaler`` does.

    Args:
        name: of the numbers.
        device: where the model is.
    """

    def __init__(self, name: PrecisionName, device: torch.device) -> None:
        self.name, self.device = name, device
        self.scale = FIRST_SCALE if name == "float16" else 1.0
        self.steps = 0  # without an overflow
        self.overflowed = False  # the last gradient, before it was clipped

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which a loss is computed."""
        kind = getattr(torch, self.name)
        return torch.autocast(self.device.type, kind, enabled=self.name != "float32")

    def scaled(self, loss: Tensor) -> Tensor:
        """Return the loss of which the gradient is to be taken."""
        return loss * self.scale if self.scale != 1 else loss

    @torch.no_grad()
    def unscale(self, optimizers: Sequence[Optimizer]) -> None:
        """Give the weights of ``optimizers`` the gradient of the loss as it was."""
        if self.name != "float16":
            return
        parameters = [p for o in optimizers for group in o.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters if p.grad is not None]
        for gradient in gradients:
            gradient.mul_(1 / self.scale)
        # here, as clipping by value makes infinite gradients look like large ones
        values = [g.coalesce().values() if g.is_sparse else g for g in gradients]
        self.overflowed = not math.isfinite(float(nn.utils.get_total_norm(values)))

    def skips(self) -> bool:
        """Whether to leave out an update, as its gradient overflowed; adapt the scale."""
        if self.name != "float16":
            return False
        if not self.overflowed:
            self.steps += 1
            if self.steps == GROW_EVERY:
                self.scale, self.steps = self.scale * 2, 0
            return False
        self.scale, self.steps = self.scale / 2, 0
        return self.scale >= 1  # below that it is not the scale's fault

    def state(self) -> dict[str, float]:
        """Return what a checkpoint keeps of it."""
        return {"scale": self.scale, "steps": self.steps}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` returned."""
        self.scale, self.steps = float(state["scale"]), int(state["steps"])
