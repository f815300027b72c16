"""The old place of :mod:`diabolo.export.torch_modules`."""

from .moved import moved

__getattr__ = moved(__name__, dict.fromkeys(("halves", "plain"), "diabolo.export.torch_modules"))
