"""Brings the list of scripts in UMambaXAILogic/CMakeLists.txt up to date. Run it after adding or removing a file.

python Testing/cmake/list_scripts.py [--check]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "UMambaXAILogic"
LISTS = PACKAGE / "CMakeLists.txt"
_BLOCK = re.compile(r"(set\(UMambaXAILogic_SCRIPTS\n)(.*?)(  \)\n)", re.DOTALL)


def scripts(package: Path = PACKAGE) -> list[str]:
    """Every Python file of the package, relative to it."""
    return sorted(path.relative_to(package).as_posix() for path in package.rglob("*.py"))


def updated(text: str, names: list[str]) -> str:
    """The text of CMakeLists.txt with exactly ``names`` in its list."""
    return _BLOCK.sub(lambda found: found[1] + "".join(f"  {name}\n" for name in names) + found[3], text)


def main() -> int:
    """Write the list, or with ``--check`` say whether it is up to date."""
    text = LISTS.read_text(encoding="utf-8")
    new = updated(text, scripts())
    if "--check" in sys.argv[1:]:
        return 0 if new == text else 1
    LISTS.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
