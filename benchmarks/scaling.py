"""What a step of data-parallel training costs: a model of it, what is measured on one and two processes, and what it
says of machines that are larger."""

from __future__ import annotations

import itertools
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from harness import finish, training_floor
from torch import nn

WIDTHS = (784, 1568, 392, 96, 3)
WHOLE = (*WIDTHS, *WIDTHS[-2::-1])
BATCH = 1024
#: Memory traffic of a step of Adam in numbers a parameter: gradients are written; parameters, gradients and two moments
#: read; parameters and moments written.
ADAM = 8


@dataclass(frozen=True)
class Machine:
    """What a machine can do, for one of its workers.

    Attributes
    ----------
    flops : float
        Floating-point operations a second in products of these shapes.
    memory : float
        Bytes a second.
    network : float
        Bytes a second that a worker sends while it receives as many.
    latency : float
        Seconds of one message.
    launch : float
        Seconds that the host takes to start the kernels of a step.
    """

    flops: float
    memory: float
    network: float
    latency: float
    launch: float = 0.0


#: Eight GPUs in a machine, and 64 such machines: two fifths of the dense bfloat16 rate of the data sheet (989 TFLOP/s),
#: 3.35 TB/s of memory, 450 GB/s each way between GPUs (NVIDIA, H100 Tensor Core GPU data sheet, SXM), 50 GB/s between
#: machines for each GPU (400 Gb/s InfiniBand); 150 kernels of 4 microseconds each to start.
GPU = Machine(0.4 * 989e12, 3.35e12, 450e9, 5e-6, 150 * 4e-6)
FAR = Machine(0.4 * 989e12, 3.35e12, 50e9, 10e-6, 150 * 4e-6)


def parameters(widths: Sequence[int]) -> int:
    """Weights and biases of dense layers."""
    return sum(a * b + b for a, b in itertools.pairwise(widths))


def costs(m: Machine, batch: int, workers: int) -> dict[str, float]:
    """Seconds of the parts of a step of a worker, whose batch is a share of the whole.

    A ring sends ``2 (w - 1) / w`` of the gradient in ``2 (w - 1)`` messages (Patarasuk and Yuan, Bandwidth optimal
    all-reduce algorithms for clusters of workstations, J. Parallel Distrib. Comput. 69, 2009); two trees send two
    gradients in ``2 log2 w`` (Sanders, Speck and Traff, Two-tree algorithms for full bandwidth broadcast, reduction
    and scan, Parallel Computing 35, 2009). The quicker one counts.
    """
    p, own = parameters(WHOLE), batch / workers
    gradient = 4 * p / m.network
    ring = 2 * (workers - 1) * (gradient / workers + m.latency)
    trees = 2 * gradient + 2 * math.ceil(math.log2(workers)) * m.latency if workers > 2 else ring
    return {
        "products": 6 * p * own / m.flops,
        "optimiser": ADAM * 4 * p / m.memory,
        "all-reduce": min(ring, trees),
        "data": 2 * 4 * WIDTHS[0] * own / m.memory,
        "launch": m.launch,
    }


def seconds(m: Machine, batch: int, workers: int) -> float:
    """Seconds of a step: kernels run while the next are started, all else is one after the other."""
    found = costs(m, batch, workers)
    launch = found.pop("launch")
    return max(sum(found.values()), launch)


def timed(work: Callable[[], object], times: int = 15) -> float:
    """The median of some runs, after two that do not count."""
    taken = []
    for _ in range(times + 2):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[2:])


def step(model: nn.Module, batch: int) -> Callable[[], None]:
    """A training step on random rows, gathered as ``fit`` gathers them."""
    rows = torch.rand(20_000, WIDTHS[0])
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def run() -> None:
        x = rows[torch.randint(len(rows), (batch,))]
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), x)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return run


def network() -> nn.Sequential:
    """The wide network of the courses: 784-1568-392-96-3 and back."""
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(WHOLE):
        layers += [nn.Linear(a, b), nn.PReLU()]
    return nn.Sequential(*layers[:-1])


def _worker(rank: int, place: str, results: Any) -> None:
    """One of two processes: what messages cost, and a step of DDP."""
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    dist.init_process_group("gloo", init_method=f"file://{place}/meet", rank=rank, world_size=2)
    torch.manual_seed(0)
    gradient, little = torch.zeros(parameters(WHOLE)), torch.zeros(1)
    found = {
        "all-reduce": timed(lambda: dist.all_reduce(gradient)),
        "latency": timed(lambda: dist.all_reduce(little), 50) / 2,
        "step": timed(step(nn.parallel.DistributedDataParallel(network()), BATCH // 2)),
        "alone": timed(step(network(), BATCH // 2)),
    }
    if rank == 0:
        results.put(found)
    dist.destroy_process_group()


def measure() -> tuple[Machine, dict[str, float]]:
    """This machine, for one worker on one thread, and the steps that it takes."""
    torch.set_num_threads(1)
    floor = training_floor(WHOLE, BATCH, 1)
    block = torch.rand(32 << 20)
    copied = timed(lambda: block.clone().sum())
    taken = {"one process": timed(step(network(), BATCH))}
    context = torch.multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    with tempfile.TemporaryDirectory() as place:
        torch.multiprocessing.spawn(_worker, (place, results), nprocs=2)
    both = results.get()
    taken |= {"two processes": both["step"], "half the batch, no exchange": both["alone"]}
    p = parameters(WHOLE)
    flops = 6 * p * BATCH / floor
    # Written once, read twice.
    memory = 3 * 4 * len(block) / copied
    network_rate = 4 * p / max(both["all-reduce"] - 2 * both["latency"], 1e-9)
    return Machine(flops, memory, network_rate, both["latency"]), taken


def table(machine: Machine, name: str, counts: Sequence[int], batch: int) -> list[str]:
    """Lines of a table: the parts of a step, and how many rows a second that makes."""
    lines = []
    for workers in counts:
        parts, whole = costs(machine, batch * workers, workers), seconds(machine, batch * workers, workers)
        cells = " | ".join(f"{1e6 * value:,.0f}" for value in parts.values())
        rate = batch * workers / whole / 1e6
        ideal = workers * batch / seconds(machine, batch, 1) / 1e6
        lines.append(f"| {name} | {workers} | {batch} | {cells} | {rate:,.3g} | {rate / ideal:.0%} |")
    return lines


def run() -> None:
    """Measure, compare with the model, and say what it predicts."""
    here, taken = measure()
    expected = {
        "one process": seconds(here, BATCH, 1),
        "two processes": seconds(here, BATCH, 2),
        "half the batch, no exchange": seconds(here, BATCH // 2, 1),
    }
    row = {
        "installed": True,
        "low": None,
        "high": None,
        "worse": False,
        "wanted": None,
        "reached": None,
        "score": None,
    }
    lines = [
        {
            "work": f"{name}, batch {BATCH} in all",
            "unit": "step",
            "score": "",
            "floor": None,
            "rivals": [
                row | {"name": "measured", "seconds": taken[name], "ratio": 1},
                row | {"name": "the model", "seconds": expected[name], "ratio": taken[name] / expected[name]},
            ],
        }
        for name in taken
    ]
    head = ["machine", "workers", "batch of each", *[f"{n} (µs)" for n in costs(here, BATCH, 1)]]
    head += ["million rows a second", "of ideal"]
    note = ["", f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    note += table(here, "this one, a core a worker", (1, 2), BATCH)
    note += table(GPU, "8 GPUs", (1, 8), 128) + table(GPU, "8 GPUs", (1, 8), 8192)
    note += table(FAR, "64 machines of 8", (64 * 8,), 128) + table(FAR, "64 machines of 8", (64 * 8,), 8192)
    note += ["", "What these columns are, and what to make of them: [the page on scaling](scaling.md)."]
    for name in taken:
        print(f"{name}: measured {1e3 * taken[name]:.1f} ms, expected {1e3 * expected[name]:.1f} ms")
    print("\n".join(note))
    finish("scaling", "Several processes: a model of the cost", lines, note="\n".join(note) + "\n")


if __name__ == "__main__":
    run()
