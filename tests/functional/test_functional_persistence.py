"""Persistence pairs against SciPy and union-find; the topological loss against its formula."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.cluster.hierarchy import linkage
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform
from tolerances import ONE_PASS, assert_near

from diabolo import functional as F


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The same random numbers whatever ran before."""
    torch.manual_seed(0)


def union_find_pairs(distances: np.ndarray) -> list[tuple[int, int]]:
    """Kruskal's algorithm, as plainly as it can be written."""
    n, component, pairs = len(distances), list(range(len(distances))), []
    for i, j in sorted(itertools.combinations(range(n), 2), key=lambda e: distances[e]):
        if component[i] != component[j]:
            old, new = component[i], component[j]
            component = [new if c == old else c for c in component]
            pairs.append((i, j))
    return pairs


def check_spanning(pairs: np.ndarray, n: int) -> None:
    joined = list(range(n))
    for i, j in pairs:
        assert joined[i] != joined[j], "an edge closes a cycle"
        joined = [joined[j] if c == joined[i] else c for c in joined]
    assert len(set(joined)) == 1


def lengths(distances: np.ndarray, pairs: np.ndarray) -> list[float]:
    return sorted(float(distances[i, j]) for i, j in pairs)


# A coarse grid of coordinates makes many equal distances and many equal rows.
grids = st.integers(1, 12).flatmap(lambda n: arrays(np.float64, (n, 2), elements=st.integers(0, 3)))
clouds = st.integers(1, 12).flatmap(
    lambda n: arrays(np.float64, (n, 3), elements=st.floats(-10, 10, allow_subnormal=False))
)


@given(points=st.one_of(grids, clouds))
@settings(max_examples=150, deadline=None)
def test_pairs_are_those_of_union_find_and_scipy(points: np.ndarray) -> None:
    n = len(points)
    distances = squareform(pdist(points)) if n > 1 else np.zeros((1, 1))
    pairs = F.persistence_pairs(torch.from_numpy(distances)).numpy()
    assert pairs.shape == (n - 1, 2)
    check_spanning(pairs, n)
    # Trees may differ where distances are equal; their lengths, the deaths of components, may not.
    assert lengths(distances, pairs) == lengths(
        distances, np.array(union_find_pairs(distances)).reshape(-1, 2)
    )
    if (distances[~np.eye(n, dtype=bool)] > 1e-6).all():  # SciPy takes distances below 1e-8 for no edge
        assert lengths(distances, pairs) == sorted(minimum_spanning_tree(distances).data.tolist())
    if n > 1:
        assert lengths(distances, pairs) == sorted(linkage(pdist(points), "single")[:, 2].tolist())


@given(points=grids, models=st.integers(2, 4))
@settings(max_examples=50, deadline=None)
def test_a_stack_has_the_pairs_of_each_alone(points: np.ndarray, models: int) -> None:
    rng = np.random.default_rng(0)
    stack = torch.from_numpy(np.stack([rng.permutation(points) for _ in range(models)]))
    distances = F.distance_matrix(stack)
    pairs = F.persistence_pairs(distances)
    assert pairs.shape == (models, len(points) - 1, 2)
    for i in range(models):
        assert torch.equal(distances[i], F.distance_matrix(stack[i]))
        assert torch.equal(pairs[i], F.persistence_pairs(distances[i]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_only_tree_is_found(dtype: torch.dtype) -> None:
    points = torch.randn(100, 5, dtype=dtype)
    distances = F.distance_matrix(points)
    tree = minimum_spanning_tree(distances.numpy()).tocoo()
    expected = {frozenset(e) for e in zip(tree.row.tolist(), tree.col.tolist(), strict=True)}
    assert {frozenset(e) for e in F.persistence_pairs(distances).tolist()} == expected


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_distances(offset: float) -> None:
    points = torch.randn(2, 30, 7, dtype=torch.float64) + offset
    for i in range(2):
        # Rows are centred before the product, whose cancellation leaves about 1e-8 of their norm.
        expected = squareform(pdist(points[i].numpy()))
        np.testing.assert_allclose(F.distance_matrix(points)[i].numpy(), expected, atol=1e-7)
    assert torch.equal(F.distance_matrix(points), F.distance_matrix(points).mT)


def test_no_number_does_not_hang_or_crash() -> None:
    points = torch.tensor([[0.0], [float("nan")], [float("inf")], [1.0]])
    assert F.persistence_pairs(F.distance_matrix(points)).shape == (3, 2)
    assert F.topological_loss(points, points).isnan()


def loss_by_hand(x: np.ndarray, z: np.ndarray, scale: float, x_scale: float | None = None) -> float:
    """Moor et al. 2020, equations 2 to 4, with sets of edges and loops."""
    dx, dz = squareform(pdist(x)), squareform(pdist(z))
    a, b = dx / (dx.max() if x_scale is None else x_scale), dz / scale
    from_x = sum((a[e] - b[e]) ** 2 for e in union_find_pairs(dx))
    from_z = sum((b[e] - a[e]) ** 2 for e in union_find_pairs(dz))
    return (from_x + from_z) / len(x)


@pytest.mark.parametrize("x_scale", [None, 3.0])
def test_the_loss_is_the_formula(x_scale: float | None) -> None:
    x, z = torch.randn(20, 6, dtype=torch.float64), torch.randn(20, 2, dtype=torch.float64)
    got = F.topological_loss(x, z, torch.tensor(1.7, dtype=torch.float64), x_scale)
    assert got.item() == pytest.approx(loss_by_hand(x.numpy(), z.numpy(), 1.7, x_scale), rel=1e-12)


def test_a_faithful_code_costs_nothing() -> None:
    x = torch.randn(15, 3, dtype=torch.float64)
    turned = x @ torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))[0]
    scale = F.distance_matrix(x).max()
    assert F.topological_loss(x, turned, scale) < 1e-28  # squares of rounding errors
    assert F.topological_loss(x, turned, 2 * scale) > 1e-3


@pytest.mark.parametrize("unit", [1e-6, 0.5, 1e6])
def test_the_unit_of_the_rows_does_not_matter_unless_a_scale_is_given(unit: float) -> None:
    x, z = torch.randn(9, 3, dtype=torch.float64), torch.randn(9, 2, dtype=torch.float64)
    torch.testing.assert_close(F.topological_loss(unit * x, z), F.topological_loss(x, z), rtol=1e-7, atol=0)


def test_loss_gradient() -> None:
    x = torch.randn(6, 4, dtype=torch.float64)
    z, scale = torch.randn(6, 2, dtype=torch.float64), torch.tensor(1.3, dtype=torch.float64)
    inputs = (z.requires_grad_(), scale.requires_grad_())
    torch.autograd.gradcheck(lambda z, s: F.topological_loss(x, z, s), inputs)


def test_equal_rows_have_a_finite_gradient() -> None:
    x, z = torch.zeros(5, 3), torch.zeros(5, 2, requires_grad=True)
    loss = F.topological_loss(x, z)
    loss.backward()
    assert loss == 0
    assert torch.equal(z.grad, torch.zeros(5, 2))


def test_one_row_costs_nothing() -> None:
    z = torch.ones(1, 2, requires_grad=True)
    loss = F.topological_loss(torch.ones(1, 3), z)
    loss.backward()
    assert loss == 0
    assert torch.equal(z.grad, torch.zeros(1, 2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [2, 7, 32])
def test_the_loss_of_a_stack_equals_each_alone(dtype: torch.dtype, n: int) -> None:
    x, z, scale = torch.randn(3, n, 6).to(dtype), torch.randn(3, n, 2).to(dtype), torch.rand(3).to(dtype) + 1
    inputs = (z.clone().requires_grad_(), scale.clone().requires_grad_())
    value = F.topological_loss(x, *inputs)
    gradients = torch.autograd.grad(value.sum(), inputs)
    for i in range(3):
        alone = (z[i].clone().requires_grad_(), scale[i].clone().requires_grad_())
        v = F.topological_loss(x[i], *alone)
        assert_near(value[i], v, ONE_PASS[dtype])
        for g, together in zip(torch.autograd.grad(v, alone), gradients, strict=True):
            assert_near(together[i], g, ONE_PASS[dtype])
