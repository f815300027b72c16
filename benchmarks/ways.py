"""Ways to train many models at once: layers with a leading axis, torch.func, and both compiled or not."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from harness import Race, Rival, main
from loops import Score, Task

from diabolo import datasets
from diabolo.studies import fit_stack
from studies import members

MODELS = 128
NOTE = """
One definition with a leading axis serves the single model and the stack, so that a model in a stack is the
same model alone up to rounding, and each has a rate of its own. ``torch.func`` is slower unless
compiled. Compiling takes seconds for every new shape and rounds otherwise with the number of models: it is there on
request, as ``Training(compile=True)``, and on a processor seldom faster than the steps that are replayed without it.
"""


def stacked(task: Task, models: int, *, compiled: bool = False) -> Score:
    """This package: layers with a leading axis of models."""
    each = [model.set_params(training__compile=compiled) for model in members(task, models)]
    fitted = fit_stack(each, task.X)
    return lambda: float(np.mean([-model.score(task.X) for model in fitted[:4]]))


def functional(task: Task, models: int, *, compiled: bool = False) -> Score:
    """One model's gradient under torch.func, mapped over models; one fused Adam on all of them."""
    torch.set_num_threads(1)
    rows = torch.from_numpy(task.X)
    networks = [task.network() for _ in range(models)]
    stack, _ = torch.func.stack_module_state(networks)
    like = copy.deepcopy(networks[0]).to("meta")

    def loss(parameters: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        return task.loss(torch.func.functional_call(like, parameters, (x,)), x)

    gradients: Callable[..., Any] = torch.func.vmap(torch.func.grad(loss))
    gradients = torch.compile(gradients) if compiled else gradients
    parameters = {name: p.detach() for name, p in stack.items()}
    optimizer = torch.optim.Adam(list(parameters.values()), lr=task.lr, fused=True)
    for _ in range(task.epochs):
        order = torch.stack([torch.randperm(len(rows)) for _ in range(models)])
        for start in range(0, len(rows), task.batch):
            found = gradients(parameters, rows[order[:, start : start + task.batch]])
            for name, p in parameters.items():
                p.grad = found[name].contiguous()
            optimizer.step()
    judge = torch.func.vmap(loss, in_dims=(0, None))
    return lambda: float(judge(parameters, rows)[:4].mean())


def races(quick: bool) -> Sequence[Race]:
    """128 models of the shape that courses use."""
    return [race(activation, quick) for activation in ("relu", "prelu")]


def race(activation: str, quick: bool) -> Race:
    """The ways for one activation."""
    models = MODELS // 8 if quick else MODELS
    moons = datasets.make_moons(1000)[0].astype(np.float32)
    task = Task(moons, (2, 50, 50, 50, 1), activation, 32, 20)
    rivals = [
        Rival("layers with a leading axis (diabolo)", partial(stacked, task, models)),
        Rival("torch.func: vmap of grad", partial(functional, task, models)),
    ]
    if shutil.which("c++"):
        rivals += [
            Rival(
                "diabolo, training.compile (compiling is counted)",
                partial(stacked, task, models, compiled=True),
            ),
            Rival(
                "torch.func, compiled before the clock starts",
                partial(functional, task, models, compiled=True),
            ),
        ]
    work = f"{models} models 2-50-50-50-1, {activation}, one process"
    return Race(work, rivals, models * task.steps, "model and step", "loss")


if __name__ == "__main__":
    main("ways", "Three ways to train many models", races, note=NOTE)
