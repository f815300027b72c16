"""Encoding and reconstructing many rows, beside the bare forward pass of the same network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from harness import OURS, Race, Rival, main, pictures

from diabolo import Training, recipes
from diabolo.training.control import threads


def races(quick: bool) -> Sequence[Race]:
    """transform, reconstruct and score_samples of a 784-392-64-2."""
    X = pictures(5_000 if quick else 50_000)
    model = recipes.deep(2, training=Training(epochs=1), random_state=0, verbose=False).fit(X[:1280])
    net = model.module_

    def bare(function: str, batch: int) -> float:
        pieces = []
        with torch.inference_mode(), threads(model.n_threads_):
            for start in range(0, len(X), batch):
                x = torch.from_numpy(X[start : start + batch])
                z = net.encode(x)
                pieces.append(z if function == "encode" else net.decode(z))
        return float(np.abs(torch.cat(pieces).numpy()).mean())

    def mine(function: str) -> float:
        return float(np.abs(getattr(model, function)(X)).mean())

    def race(name: str, function: str) -> Race:
        rivals = [
            Rival(OURS, lambda: mine(name)),
            Rival("bare forward pass, batches of 256", lambda: bare(function, 256), 1.1),
            Rival("bare forward pass, batches of 4096", lambda: bare(function, 4096)),
        ]
        return Race(f"{name} of {len(X)} rows, 784-392-64-2", rivals, score="mean size")

    scores = [
        Rival(f"{OURS}: score_samples", lambda: float(model.score_samples(X).mean())),
        Rival("bare forward pass, batches of 256", lambda: bare("decode", 256)),
    ]
    return [race("transform", "encode"), race("reconstruct", "decode"), Race("score of each row", scores)]


if __name__ == "__main__":
    main("transform", "Encoding and reconstruction", races)
