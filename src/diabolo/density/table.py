"""The densities by name, and what becomes of one that a user named or gave."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SettingError, UnknownNameError

if TYPE_CHECKING:
    from .base import Density

_TABLE = {
    "standard_normal": ("gaussian", "StandardNormal"),
    "uniform_sphere": ("sphere", "UniformSphere"),
    "gaussian": ("gaussian", "Gaussian"),
    "gaussian_mixture": ("mixture", "GaussianMixture"),
    "kernel_density": ("samples", "KernelDensity"),
    "sphere_kernel_density": ("samples", "SphereKernelDensity"),
    "empirical": ("samples", "Empirical"),
    "von_mises_fisher_mixture": ("sphere", "VonMisesFisherMixture"),
}
#: The classes by the files that they stand in.
FILES = {file: [cls for home, cls in _TABLE.values() if home == file] for file, _ in _TABLE.values()}


class _Densities(Mapping[str, "type[Density]"]):
    """The densities by name; a lookup imports the class."""

    def __getitem__(self, name: str) -> type[Density]:
        if name not in _TABLE:
            raise UnknownNameError("density", name, _TABLE)
        module, cls = _TABLE[name]
        found: type[Density] = getattr(importlib.import_module(f".{module}", __package__), cls)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_TABLE)

    def __len__(self) -> int:
        return len(_TABLE)

    def __contains__(self, name: object) -> bool:
        return name in _TABLE


DENSITIES: Mapping[str, type[Density]] = _Densities()


def resolve(value: Any) -> Density:
    """A density from a name of ``DENSITIES``, a density class, or a density, which is returned as it is.

    Parameters
    ----------
    value : str, type or Density
        What the user gave.

    Returns
    -------
    Density
        Not fitted, unless a fitted one was given.

    Raises
    ------
    UnknownNameError
        If the name is not in the table.
    SettingError
        If the value is none of these.

    Examples
    --------
    >>> from diabolo.density import resolve
    >>> resolve("gaussian")
    Gaussian()
    >>> resolve("gausian")
    Traceback (most recent call last):
    ...
    diabolo.errors.UnknownNameError: unknown density 'gausian'. Did you mean 'gaussian'? Known: ...
    """
    from .base import Density

    if isinstance(value, str):
        value = DENSITIES[value]
    if isinstance(value, type) and issubclass(value, Density):
        value = value()
    if isinstance(value, Density):
        return value
    raise SettingError(f"density must be one of {', '.join(DENSITIES)}, or a density object, got {value!r}.")


def require_geometry(density: Density, geometry: str) -> None:
    """Refuse a density that is not for codes of a geometry: its draws would leave it, its density has another measure.

    Parameters
    ----------
    density : Density
        The density that codes are to be drawn from or scored under.
    geometry : str
        That of the latent space, "flat" or "sphere".

    Raises
    ------
    SettingError
        Which densities there are for such codes.
    """
    if density.geometry not in ("any", geometry):
        fitting = [name for name, cls in DENSITIES.items() if cls.geometry in ("any", geometry)]
        raise SettingError(
            f"{type(density).__name__} is a density of {density.geometry} codes, and these codes are {geometry}: it "
            f"would draw codes outside of their space. Take one of {', '.join(fitting)}."
        )
