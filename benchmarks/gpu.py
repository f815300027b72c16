"""A CUDA GPU beside the processor of its machine: an epoch of a variational autoencoder, and thousands of tiny models.

Run with ``python benchmarks/gpu.py``; the MNIST files are taken from ``DIABOLO_DATA``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diabolo import MLP, Autoencoder, Gaussian, Training, datasets
from diabolo.studies import fit_stack


class _Network(nn.Module):
    """Encoder and decoder 784-256-128-10 as a person writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 20)
        )
        self.decoder = nn.Sequential(
            nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 784)
        )

    def forward(self, x: Tensor) -> Tensor:
        mean, log_variance = self.encoder(x).chunk(2, -1)
        output = self.decoder(mean + torch.randn_like(mean) * (log_variance / 2).exp())
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1).mean()
        return nn.functional.binary_cross_entropy_with_logits(output, x, reduction="sum") / len(x) + kl


def bare(X: np.ndarray, device: str, batch: int, epochs: int) -> None:
    """A loop by hand: rows on the device, fused Adam."""
    rows, model = torch.from_numpy(X).to(device), _Network().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    for _ in range(epochs):
        order = torch.randperm(len(rows), device=device)
        for start in range(0, len(rows), batch):
            loss = model(rows[order[start : start + batch]])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    if device == "cuda":
        torch.cuda.synchronize()


def ours(X: np.ndarray, device: str, batch: int, epochs: int) -> None:
    """The same network, loss and optimiser."""
    training = Training(epochs=epochs, batch_size=batch, lr=1e-3, schedule="constant", optimizer="adam")
    Autoencoder(
        latent=Gaussian(10),
        encoder=MLP((256, 128), activation="relu"),
        reconstruction="bernoulli",
        penalties="kl",
        training=training,
        scaling=None,
        device=device,
        random_state=0,
        verbose=False,
    ).fit(X)


def epoch_seconds(run: Callable[[int], Any], epochs: int = 4) -> float:
    """Seconds of an epoch: what several take beyond one."""
    run(1)
    start = time.perf_counter()
    run(1)
    one = time.perf_counter() - start
    start = time.perf_counter()
    run(1 + epochs)
    return (time.perf_counter() - start - one) / epochs


def tiny(count: int, device: str, X: np.ndarray) -> float:
    """Microseconds a model and step of a stack of 2-50-50-50-1 networks, and their mirrors."""
    training = Training(epochs=5, batch_size=32, lr=1e-3, schedule="constant", optimizer="adam")
    common: dict[str, Any] = {
        "encoder": MLP((50, 50, 50), activation="relu"),
        "scaling": None,
        "verbose": False,
    }
    models = [
        Autoencoder(1, training=training, random_state=seed, device=device, **common) for seed in range(count)
    ]
    fitted = fit_stack(models, X, stack_size=count, memory=64 << 30)
    seconds = sum(entry["seconds"] for entry in fitted[0].history_.epochs)  # of the whole stack by model
    return seconds / 5 / -(-len(X) // 32) * 1e6


def main() -> None:
    """Print the tables."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"{device}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    X = datasets.load_mnist("train")[0].reshape(60_000, -1).astype(np.float32)
    if X.max() > 1:
        X /= 255
    places = [d for d in ("cuda", "cpu") if d == "cpu" or torch.cuda.is_available()]
    print("\nMNIST, variational, 784-256-128-10: seconds an epoch\n")
    for batch in (128, 1024):
        for place in places:
            found = {
                name: epoch_seconds(lambda epochs, f=f, b=batch, p=place: f(X, p, b, epochs))
                for name, f in (("ours", ours), ("bare loop", bare))
            }
            print(f"batch {batch:5} {place:5}", *(f"{n}: {s:7.3f}" for n, s in found.items()), flush=True)
    moons = np.random.default_rng(0).random((320, 2), dtype=np.float32)
    print("\nTiny models, 2-50-50-50-1 and back, batch 32: microseconds a model and step\n")
    for place, counts in (("cuda", (128, 1024, 10_000)), ("cpu", (128, 1024))):
        if place in places:
            for count in counts:
                start = time.perf_counter()
                step = tiny(count, place, moons)
                took = time.perf_counter() - start
                print(f"{count:6} {place:5} {step:8.2f}   ({took:.1f} s with all else)", flush=True)


if __name__ == "__main__":
    main()
