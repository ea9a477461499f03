"""``python -m UMambaXAILogic.cli``, for Pythons whose console scripts are not on the path."""

from __future__ import annotations

import sys

from .main import main

sys.exit(main())
