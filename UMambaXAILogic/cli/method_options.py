"""Options of the terminal for the methods' own settings, made from what the engine knows of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.methods.settings import SETTINGS, MethodOptions, SettingFacts


def add_method_options(parser: argparse.ArgumentParser, names: Iterable[str] = SETTINGS) -> None:
    """One option for every named setting; each says which methods have it."""
    group = parser.add_argument_group("settings of attribution methods")
    for facts in (SETTINGS[name] for name in names):
        kind: dict[str, Any] = {"choices": facts.choices}
        if not facts.choices:
            kind = {"type": int if facts.whole else float, "metavar": facts.unit.upper() or "N"}
        group.add_argument(flag(facts), dest=facts.name, help=_help(facts), **kind)


def method_options_from(options: argparse.Namespace, names: Iterable[str] = SETTINGS) -> MethodOptions:
    """What was asked for of the named settings.

    Raises:
        UsageError: a value is out of its range.
    """
    return MethodOptions(**{name: getattr(options, name) for name in names})


def flag(facts: SettingFacts) -> str:
    """``--region-size`` of ``region_size_mm``: the unit is the value's name in the help."""
    return "--" + facts.name.removesuffix("_mm").replace("_", "-")


def _help(facts: SettingFacts) -> str:
    defaults: dict[Any, list[str]] = {}
    for method in METHOD_FACTS.values():
        if facts.name in method.settings:
            defaults.setdefault(getattr(method.defaults, facts.name), []).append(method.name)
    text = "; ".join(f"{', '.join(names)}: default {value}" for value, names in defaults.items())
    return f"{facts.explanation} {text}".replace("%", "%%")
