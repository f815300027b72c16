"""Persistence pairs of a batch, beside a union-find in Python and gudhi: the same pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from harness import OURS, Race, Rival, main

from diabolo.functional.persistence import distance_matrix, persistence_pairs


def union_find(distances: np.ndarray) -> np.ndarray:
    """Kruskal's algorithm in plain Python over the sorted edges, as published code for this penalty has it."""
    n = len(distances)
    rows, columns = np.triu_indices(n, 1)
    order = np.argsort(distances[rows, columns], kind="stable")
    parent, pairs = list(range(n)), []

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for edge in order:
        a, b = find(int(rows[edge])), find(int(columns[edge]))
        if a != b:
            parent[a] = b
            pairs.append((int(rows[edge]), int(columns[edge])))
    return np.array(pairs)


def with_gudhi(distances: np.ndarray) -> np.ndarray:
    """The same out of a Rips complex of dimension 1."""
    import gudhi

    tree = gudhi.RipsComplex(distance_matrix=distances).create_simplex_tree(max_dimension=1)
    tree.compute_persistence()
    return np.array([pair[1] for pair in tree.persistence_pairs() if len(pair[1]) == 2])


def agreement(pairs: np.ndarray, distances: np.ndarray) -> float:
    """How many pairs are not those of the union-find."""
    return float(
        len(
            {tuple(sorted(p)) for p in pairs.tolist()}
            ^ {tuple(sorted(p)) for p in union_find(distances).tolist()}
        )
    )


def races(quick: bool) -> Sequence[Race]:
    """Batches of 128 to 512 points."""
    found = []
    for n in (128,) if quick else (128, 256, 512):
        points = torch.from_numpy(np.random.default_rng(n).normal(size=(n, 8)))
        distances = distance_matrix(points)
        array = distances.numpy()
        ours, theirs = persistence_pairs(distances).numpy(), union_find(array)
        wrong = agreement(ours, array)
        rivals = [
            Rival(OURS, lambda d=distances, w=wrong: (persistence_pairs(d), w)[1]),
            Rival("union-find in Python", lambda a=array: (union_find(a), 0.0)[1], 0.1, compared=True),
            Rival("gudhi", lambda a=array: (with_gudhi(a), None)[1], 1 / 3, "gudhi"),
        ]
        assert len(ours) == len(theirs) == n - 1
        found.append(Race(f"persistence pairs of {n} points", rivals, score="other pairs", tolerance=0))
    return found


if __name__ == "__main__":
    main("topology", "Topological penalty", races)
