"""The checks in ``application/`` run in a process of their own, on an installed tree: see test_installed_panel.py."""

from __future__ import annotations

import os

collect_ignore = [] if "UMAMBAXAI_INSTALLED_TREE" in os.environ else ["application"]
