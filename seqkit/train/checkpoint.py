"""Tensors and state in one safetensors file: written whole or not at all, never unpickled."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn
from torch.optim import Optimizer

from seqkit.errors import SeqkitError
from seqkit.files import write_bytes
from seqkit.train.run import Run


def save(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write ``tensors`` and the JSON-able ``state`` to ``path`` atomically."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # one entry: safetensors writes several in no fixed order, and the same run twice is one file
    metadata = {"state": json.dumps(state, ensure_ascii=False)}
    write_bytes(path, to_bytes(plain, metadata))


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`save` wrote.

    Raises:
        SeqkitError: if there is no such file, or it is truncated or something else.
    """
    if not path.is_file():
        raise SeqkitError(f"no checkpoint at {path}: the run was stopped before it saved one.")
    try:
        with safe_open(path, framework="pt") as file:
            # Copies: torch's own memory is aligned, where products have the same bits at any place
            # of a tensor in a file; and a file that is still mapped cannot be replaced everywhere.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            state = json.loads((file.metadata() or {})["state"])
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise SeqkitError(
            f"{path} cannot be read as a checkpoint ({error}): the file is truncated or was not "
            "written by seqkit; copy it again, or train the run anew."
        ) from None
    return tensors, state


def restore(model: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy ``tensors`` into the weights of ``model``.

    Raises:
        SeqkitError: if a weight is missing, unknown or of another shape.
    """
    wanted = model.state_dict()
    problems = [f"{name} is missing" for name in wanted if name not in tensors]
    problems += [f"{name} is unknown" for name in tensors if name not in wanted]
    problems += [
        f"{name} has shape {tuple(tensors[name].shape)}, not {tuple(weight.shape)}"
        for name, weight in wanted.items()
        if name in tensors and tensors[name].shape != weight.shape
    ]
    if problems:
        raise SeqkitError(
            f"{path} does not fit this model: {'; '.join(problems[:3])}. It was saved with other "
            "settings or another vocabulary."
        )
    model.load_state_dict(dict(tensors))


def restore_run(model: nn.Module, run: Run) -> None:
    """Give a model the weights of its run.

    Raises:
        SeqkitError: as :func:`load` and :func:`restore`; or if they were trained with another
            vocabulary, tokenizer or labels than lie beside them.
    """
    tensors, about = load(run.model_file)
    restore(model, tensors, run.model_file)
    digest = run.parts_digest()
    if about.get("parts", digest) != digest:  # older runs do not have it
        raise SeqkitError(
            f"{run.model_file} was trained with another vocabulary, tokenizer or labels than lie "
            "beside it: copy the whole run again."
        )


def optimizer_tensors(optimizers: Sequence[Optimizer]) -> dict[str, Tensor]:
    """Return the state of all optimizers as named tensors: ``0.7.exp_avg`` and the like."""
    return {
        f"{number}.{parameter}.{name}": value
        for number, optimizer in enumerate(optimizers)
        for parameter, entries in optimizer.state_dict()["state"].items()
        for name, value in entries.items()
        if isinstance(value, Tensor)
    }


def restore_optimizers(optimizers: Sequence[Optimizer], tensors: Mapping[str, Tensor]) -> None:
    """Give the optimizers the state that :func:`optimizer_tensors` returned."""
    states: list[dict[int, dict[str, Tensor]]] = [{} for _ in optimizers]
    for key, value in tensors.items():
        number, parameter, name = key.split(".")
        states[int(number)].setdefault(int(parameter), {})[name] = value
    for optimizer, state in zip(optimizers, states, strict=True):
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})


def under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose name begins with ``prefix.``, without it."""
    start = f"{prefix}."
    return {name[len(start) :]: t for name, t in tensors.items() if name.startswith(start)}


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with ``prefix.`` before each name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def random_state() -> dict[str, Tensor]:
    """Return the state of torch's random generators."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state |= {f"cuda{i}": s for i, s in enumerate(torch.cuda.get_rng_state_all())}
    if torch.backends.mps.is_available():
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random_state(state: Mapping[str, Tensor]) -> None:
    """Set torch's random generators to a state that :func:`random_state` returned."""
    torch.set_rng_state(state["cpu"])
    cuda = [state[name] for name in sorted(state) if name.startswith("cuda")]
    if cuda and torch.cuda.device_count() == len(cuda):
        torch.cuda.set_rng_state_all(cuda)
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])
