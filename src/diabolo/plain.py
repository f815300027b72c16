"""The old place of :mod:`diabolo.export.torch_modules`."""

from .moved import moved

_HOME = "diabolo.export.torch_modules"
__getattr__ = moved(__name__, {"halves": f"{_HOME}:to_torch_modules", "plain": f"{_HOME}:to_torch_layers"})
