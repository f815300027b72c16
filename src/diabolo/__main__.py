"""``python -m diabolo`` is the command ``diabolo``."""

from .cli import run

run()
