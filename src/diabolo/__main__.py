"""``python -m diabolo`` is the command ``diabolo``."""

import sys

from .cli import main

sys.exit(main())
