"""How a run is to be done, as the panel's advanced part keeps it; the defaults are those of the other doors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS, MethodFacts, effective_facts
from UMambaXAILogic.engine.methods.settings import SETTINGS, SettingFacts
from UMambaXAILogic.engine.request import DEFAULT_THRESHOLDS

DEFAULT_METHOD = next(iter(METHOD_FACTS))
DEFAULT_THRESHOLD_TEXT = ", ".join(f"{threshold:g}" for threshold in DEFAULT_THRESHOLDS)


@dataclass(frozen=True)
class RunChoices:
    """What is chosen; names and texts that the model or this version does not know give way to the defaults.

    Args:
        target: name of a label of the model; empty: the only one, or all together.
        target_kind: ``prediction``, ``tp``, ``fp`` or ``fn``.
        resample_truth: a ground truth may lie on another grid than the volume.
        method: name in ``METHOD_FACTS``.
        settings: of methods, each ``name=value``; see ``method_settings.SETTINGS``.
        pool: gradient pooling window in voxels per axis; 0: the method's default.
        pool_mode: ``max`` or ``mean``.
        layers: aliases, as ``checked.kept`` keeps them.
        preset: ``paper``, or empty.
        thresholds: attention thresholds as somebody types them.
        device: ``auto``, ``cpu``, ``cuda:N`` or ``mps``.
        memory_limit_gb: 0: whatever is free.
        folds: of the model, as ``checked.kept`` keeps them.
        mirror: average over mirrored windows.
        step: of windows, as a share of their size.
        save_layer_maps: also keep one map a layer.
        badges: judge the map.
        replace: the results of an earlier run with the same method, model and part go.
    """

    target: str = ""
    target_kind: str = "prediction"
    resample_truth: bool = False
    method: str = DEFAULT_METHOD
    settings: tuple[str, ...] = ()
    pool: int = 0
    pool_mode: str = "max"
    layers: tuple[str, ...] = ()
    preset: str = ""
    thresholds: str = DEFAULT_THRESHOLD_TEXT
    device: str = "auto"
    memory_limit_gb: float = 0.0
    folds: tuple[str, ...] = ()
    mirror: bool = False
    step: float = 0.5
    save_layer_maps: bool = False
    badges: bool = False
    replace: bool = True

    @property
    def method_facts(self) -> MethodFacts:
        """The method's facts."""
        return METHOD_FACTS.get(self.method, METHOD_FACTS[DEFAULT_METHOD])

    @property
    def explained_as(self) -> MethodFacts:
        """Whose layers and pooling it has; see ``effective_facts``."""
        facts = self.method_facts
        return effective_facts(facts, replace(facts.defaults, **self.method_settings()))

    def method_settings(self) -> dict[str, Any]:
        """The settings that the method has and somebody changed, by name."""
        found: dict[str, Any] = {}
        for entry in self.settings:
            name, _, text = entry.partition("=")
            if name in self.method_facts.settings:
                value = setting_value(SETTINGS[name], text)
                if value is not None and value != getattr(self.method_facts.defaults, name):
                    found[name] = value
        return found


def setting_value(facts: SettingFacts, text: str) -> Any:
    """The value that a text stands for; None where that setting cannot have it."""
    try:
        value: Any = text if facts.choices else int(text) if facts.whole else float(text)
        facts.check(value)
    except (ValueError, UsageError):
        return None
    return value


def with_setting(settings: tuple[str, ...], name: str, value: Any) -> tuple[str, ...]:
    """The settings with one of them changed."""
    others = tuple(entry for entry in settings if entry.partition("=")[0] != name)
    return (*others, f"{name}={value}")


def thresholds_of(text: str) -> tuple[float, ...]:
    """The thresholds that somebody typed, separated by commas, semicolons or blanks.

    Raises:
        UsageError: one is not in (0, 1], or there is none.
    """
    words = text.replace(",", " ").replace(";", " ").split()
    found = []
    for word in words:
        try:
            number = float(word)
        except ValueError:
            number = 0.0
        if not 0 < number <= 1:
            raise UsageError(f"The threshold {word!r} is not in (0, 1].", "Write numbers such as 0.2, 0.3.")
        found.append(number)
    if not found:
        raise UsageError("No attention threshold is given.", "Write at least one, for example 0.3.")
    return tuple(found)
