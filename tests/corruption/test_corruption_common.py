"""What every corruption of the table keeps to."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from members import examples
from tolerances import ONE_PASS, assert_near

from diabolo.corruption import (
    CORRUPTIONS,
    Corruption,
    GaussianNoise,
    Masking,
    Occlusion,
    PixelShuffle,
    Rotation,
    SaltAndPepper,
)
from diabolo.data.domain import Domain
from diabolo.errors import DataError, SettingError
from diabolo.parts import settings as settings_of

ALL: list[Corruption] = examples(CORRUPTIONS)
#: Those that do nothing, since their amount is 0, and every setting that a stack may hold one value a model of.
AMOUNTS = [(cls, n) for cls in CORRUPTIONS.values() for n, spec in settings_of(cls).items() if spec.amount]
IDENTITIES = [cls().replace(**{name: 0}) for cls, name in AMOUNTS]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rows(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(shape, generator=seeded(99), dtype=dtype)


@pytest.mark.parametrize("corruption", ALL, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_dtype_are_kept_and_the_rows_untouched(corruption: Corruption, dtype: torch.dtype) -> None:
    domain = Domain(2 * 7 * 5, (2, 7, 5))
    x = rows(4, 6, 70, dtype=dtype)
    before = x.clone()
    noise = corruption.draw((4, 6), domain, seeded())
    y = corruption.apply(x, noise, domain)
    assert y.shape == x.shape
    assert y.dtype == dtype
    assert torch.equal(x, before)
    assert not torch.equal(y, x)
    assert all(n.dtype == torch.float32 and n.shape[:2] == (4, 6) for n in noise.values())


@pytest.mark.parametrize("corruption", ALL, ids=repr)
def test_same_noise_gives_the_same_rows_and_no_global_generator_is_touched(corruption: Corruption) -> None:
    domain, x = Domain(64), rows(5, 64)
    state = torch.random.get_rng_state()
    noise = corruption.draw((5,), domain, seeded(3))
    again = corruption.draw((5,), domain, seeded(3))
    assert noise.keys() == again.keys()
    assert all(torch.equal(noise[k], again[k]) for k in noise)
    assert torch.equal(corruption.apply(x, noise, domain), corruption.apply(x, noise, domain))
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("corruption", [c.replace(probability=0.6) for c in ALL], ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_leading_axes_equal_each_alone(corruption: Corruption, dtype: torch.dtype) -> None:
    domain = Domain(63, (1, 9, 7))
    x = rows(2, 3, 11, 63, dtype=dtype)
    noise = corruption.draw((2, 3, 11), domain, seeded(1))
    together = corruption.apply(x, noise, domain)
    for i in range(2):
        for j in range(3):
            alone = corruption.apply(x[i, j], {k: n[i, j] for k, n in noise.items()}, domain)
            assert_near(together[i, j], alone, ONE_PASS[dtype])


@pytest.mark.parametrize("corruption", IDENTITIES, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_level_zero_is_the_identity_to_the_bit(corruption: Corruption, dtype: torch.dtype) -> None:
    domain, x = Domain(35, (1, 5, 7)), rows(20, 35, dtype=dtype)
    assert torch.equal(corruption.apply(x, corruption.draw((20,), domain, seeded()), domain), x)


@pytest.mark.parametrize("corruption", [c.replace(probability=0.3) for c in ALL], ids=repr)
def test_probability_is_the_share_of_corrupted_rows(corruption: Corruption) -> None:
    domain, x = Domain(25), rows(4000, 25)
    y = corruption.apply(x, corruption.draw((4000,), domain, seeded(5)), domain)
    changed = (y != x).any(-1).float().mean().item()
    # Five standard deviations of a binomial share of 4000 rows.
    assert changed == pytest.approx(0.3, abs=5 * (0.3 * 0.7 / 4000) ** 0.5)


@pytest.mark.parametrize("corruption", ALL, ids=repr)
@given(channels=st.integers(1, 3), height=st.integers(2, 9), width=st.integers(2, 9), seed=st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_any_picture_size_and_range(
    corruption: Corruption, channels: int, height: int, width: int, seed: int
) -> None:
    domain = Domain(channels * height * width, (channels, height, width), low=-1.5, high=2.0)
    x = rows(3, domain.n_features) * 3.5 - 1.5
    corruption.validate(domain)
    y = corruption.apply(x, corruption.draw((3,), domain, seeded(seed)), domain)
    assert y.shape == x.shape
    assert torch.isfinite(y).all()
    if getattr(corruption, "clip", True):
        # Bilinear weights sum to one up to rounding.
        assert y.min() >= -1.5 - 1e-6
        assert y.max() <= 2 + 1e-6


@pytest.mark.parametrize(
    ("settings", "corruption"),
    [
        *((name, cls()) for cls, name in AMOUNTS),
        *(("probability", cls()) for cls in CORRUPTIONS.values()),
        ("fill", Masking(0.5)),
        ("fill", Occlusion()),
    ],
    ids=repr,
)
def test_a_setting_may_hold_one_value_a_model(settings: str, corruption: Corruption) -> None:
    domain, x = Domain(36), rows(3, 8, 36)
    values = [0.1, 0.5, 1.0]
    noise = corruption.draw((3, 8), domain, seeded(2))
    stacked = corruption.replace(**{settings: torch.tensor(values)})
    together = stacked.apply(x, noise, domain)
    for i, value in enumerate(values):
        alone = corruption.replace(**{settings: value})
        single = alone.apply(x[i], {k: n[i] for k, n in noise.items()}, domain)
        assert_near(together[i], single, ONE_PASS[x.dtype])


@pytest.mark.parametrize("corruption", [c for c in ALL if c.pictures], ids=repr)
def test_rows_that_are_no_pictures_are_refused(corruption: Corruption) -> None:
    with pytest.raises(DataError, match=r"rows of 10 numbers.*image_shape"):
        corruption.validate(Domain(10))


def test_a_picture_with_no_quadrants_is_refused() -> None:
    with pytest.raises(DataError, match="at least 2 x 2 pixels, got 1 x 10; give share="):
        Occlusion().validate(Domain(10, (1, 1, 10)))
    Occlusion(share=0.5).validate(Domain(10, (1, 1, 10)))


@pytest.mark.parametrize("cls", list(CORRUPTIONS.values()))
def test_table_round_trip(cls: type[Corruption]) -> None:
    part = cls(probability=0.5, fresh=False)
    assert CORRUPTIONS.from_dict(CORRUPTIONS.to_dict(part)) == part
    assert eval(repr(part), {cls.__name__: cls}) == part


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (GaussianNoise, {"level": -1}),
        (SaltAndPepper, {"share": 1.1}),
        (Masking, {"share": -0.1}),
        (Masking, {"fill": "zero"}),
        (Occlusion, {"share": 2}),
        (Rotation, {"max_angle": 181}),
        (PixelShuffle, {"seed": -1}),
        (PixelShuffle, {"seed": 2**32}),
        (Masking, {"probability": 0}),
    ],
)
def test_wrong_settings_are_named(cls: type[Corruption], wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError, match=rf"{cls.__name__}: {next(iter(wrong))} must be"):
        cls(**wrong)
