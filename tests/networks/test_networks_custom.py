"""Modules of the user's own, and the description of any module."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from diabolo.data.domain import Domain
from diabolo.errors import SettingError
from diabolo.networks import MLP, NETWORKS, BuildContext, Convolutional, Custom, Network, Residual, describe

DOMAIN = Domain(16)
ENCODER = BuildContext(16, 2, "encoder", DOMAIN)
DECODER = BuildContext(2, 16, "decoder", DOMAIN)


def build(spec: Network, io: BuildContext = ENCODER) -> nn.Module:
    return spec.build(io, torch.Generator().manual_seed(0))


class Talkative(nn.Module):
    """Returns what the project's own networks return; has a parameter that belongs to no layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(16, 5), nn.Linear(5, 2)
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        h = torch.relu(self.first(x))
        return self.second(h) * self.scale, (h,)


def test_copies_start_from_the_users_weights_and_leave_them_alone() -> None:
    mine, yours = nn.Linear(16, 2), nn.Linear(2, 16)
    spec = Custom(mine, yours)
    before = copy.deepcopy(mine.state_dict())
    encoder, decoder = build(spec), build(spec.mirrored(), DECODER)
    x = torch.rand(5, 16)
    assert torch.equal(encoder(x)[0], mine(x))
    assert encoder(x)[1] == ()
    assert torch.equal(decoder(mine(x))[0], yours(mine(x)))
    with torch.no_grad():
        for p in encoder.parameters():
            p.zero_()
    assert all(torch.equal(mine.state_dict()[name], before[name]) for name in before)
    assert torch.equal(build(spec)(x)[0], mine(x))


def test_an_output_with_hidden_activations_is_passed_on() -> None:
    module = Talkative()
    output, hidden = build(Custom(module))(torch.ones(3, 16))
    assert output.shape == (3, 2)
    assert [tuple(h.shape) for h in hidden] == [(3, 5)]


def test_it_is_a_value() -> None:
    a, b = nn.Linear(16, 2), nn.Linear(2, 16)
    spec = Custom(a, b)
    assert spec == Custom(a, b)
    assert hash(spec) == hash(Custom(a, b))
    assert spec != Custom(copy.deepcopy(a), b)
    assert spec != MLP()
    assert repr(spec) == "Custom(encoder=Linear(...), decoder=Linear(...))"
    assert repr(Custom(decoder=b)) == "Custom(decoder=Linear(...))"
    assert spec.replace(decoder=None) == Custom(a)
    assert spec.__sklearn_clone__() is spec
    assert NETWORKS.resolve(spec) is spec
    assert not spec.stackable
    assert repr(Custom.examples()) == f"({spec!r},)"
    again = pickle.loads(pickle.dumps(spec))
    assert torch.equal(again.encoder.weight, a.weight)


def test_a_side_that_is_not_given_is_named() -> None:
    with pytest.raises(SettingError, match="has no decoder; give both modules"):
        Custom(nn.Linear(16, 2)).mirrored()
    with pytest.raises(SettingError, match=r"has no encoder; give Custom\(encoder=module\)"):
        build(Custom(decoder=nn.Linear(2, 16)))
    with pytest.raises(SettingError, match="one side at least"):
        Custom()


@pytest.mark.parametrize(
    "wrong", [3, "linear", [nn.Linear(1, 1)], nn.Linear], ids=["3", "name", "list", "class"]
)
def test_what_is_no_module_is_refused(wrong: object) -> None:
    with pytest.raises(SettingError, match=r"Custom: encoder must be a torch\.nn\.Module, got"):
        Custom(wrong)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            nn.Linear(16, 3),
            r"the encoder \(Linear\) maps a batch of shape \(2, 16\) to \(2, 3\), expected \(2, 2\)",
        ),
        (nn.Sequential(nn.Linear(16, 2), nn.Flatten(0)), r"to \(4,\), expected \(2, 2\)"),
        (
            nn.Linear(15, 2),
            r"failed on a batch of shape \(2, 16\): mat1 and mat2.*let it begin with nn\.Unflatten",
        ),
        (nn.GRU(16, 2), "beside the output it returns something that is no tuple of tensors"),
        (nn.LazyLinear(2), "lazy layers with no size yet; call it once"),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")
def test_a_module_that_does_not_fit_is_refused_at_build(module: nn.Module, message: str) -> None:
    with pytest.raises(SettingError, match=f"(?s){message}"):
        build(Custom(module))


def test_the_trial_leaves_no_trace() -> None:
    module = nn.Sequential(nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 2))
    module[1].eval()
    state = torch.random.get_rng_state()
    built = build(Custom(module))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert built.training
    assert built.module[0].training  # type: ignore[index,union-attr]
    assert not built.module[1].training  # type: ignore[index,union-attr]
    assert built.module[0].num_batches_tracked == 0  # type: ignore[index,union-attr]


def test_a_module_in_double_precision_becomes_single() -> None:
    assert all(p.dtype == torch.float32 for p in build(Custom(nn.Linear(16, 2).double())).parameters())


def test_it_cannot_be_written_to_a_file_and_says_how_to_load() -> None:
    with pytest.raises(SettingError, match=r"diabolo\.load\(path, modules=\(encoder, decoder\)\)"):
        NETWORKS.to_dict(Custom(nn.Linear(16, 2)))


@pytest.mark.parametrize(
    "spec",
    [
        MLP((7, 5), activation="prelu"),
        MLP(()),
        Residual(2, 6, depth=2),
        Convolutional((3, 4)),
        Custom(Talkative()),
        Custom(nn.Linear(16, 2)),
    ],
    ids=repr,
)
def test_the_description_adds_up(spec: Network) -> None:
    module = build(spec)
    rows = describe(module, 16)
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in module.parameters())
    assert all(row.compression == 16 / row.width for row in rows)
    assert [row.width for row in rows if row.kind not in ("relu", "PReLU")][-1] == 2
    assert module.training


def test_the_description_of_an_mlp() -> None:
    decoder = build(MLP((7,), activation="prelu"), DECODER)
    assert [tuple(row) for row in describe(decoder, 2, 16)] == [
        ("layers.0", "Dense", 7, 21, 16 / 7),
        ("activations.0", "PReLU", 7, 1, 16 / 7),
        ("layers.1", "Dense", 16, 128, 1.0),
    ]


def test_the_description_of_convolutions_counts_all_channels() -> None:
    rows = {row.name: row for row in describe(build(Convolutional((3, 4))), 16)}
    assert rows["convolutions.0"].width == 3 * 2 * 2
    assert rows["convolutions.1"].width == 4
    assert rows["dense"].width == 2


def test_layers_that_are_shared_or_not_called_are_counted_once() -> None:
    layer = nn.Linear(16, 16)
    rows = describe(nn.Sequential(layer, nn.ReLU(), layer), 16)
    assert [(row.name, row.parameters) for row in rows] == [("0", 272), ("1", 0)]
    attention = nn.TransformerEncoderLayer(16, 2, 8, batch_first=True)
    described = describe(attention, 16)
    assert sum(row.parameters for row in described) == sum(p.numel() for p in attention.parameters())
