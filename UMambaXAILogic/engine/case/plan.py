"""What a request means for the model it names; everything that can be refused without the volume."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from ..attribution import get_method
from ..attribution.method import AttributionMethod
from ..device import device_facts, resolve_device
from ..errors import UsageError
from ..fingerprint import request_fingerprint
from ..inference.target import TargetScore, resolve_target
from ..methods.catalogue import METHOD_FACTS, MethodFacts, effective_facts
from ..methods.settings import SETTINGS, MethodSettings
from ..model.layers import Layer, resolve_layers
from ..model.loading import Model, load_model
from ..model.selective_scan import choose_backend
from ..request import MethodChoice, Request
from .record import CaseRecord


class ModelLoader(Protocol):
    """``load_model``, or something that keeps what it loaded."""

    def __call__(
        self, reference: str, *, folds: tuple[int | str, ...] | None, device: torch.device, scan_backend: str
    ) -> Model:
        """As ``load_model``."""


@dataclass(frozen=True)
class PlannedMethod:
    """An attribution method with the settings it will have."""

    method: AttributionMethod
    settings: MethodSettings

    @property
    def name(self) -> str:
        """As a user asks for it: ``seg-grad-cam``, or ``seg-xres-cam@2`` with pooling."""
        facts = self.facts()
        return facts["method"] if facts["pool"] is None else f"{facts['method']}@{facts['pool']}"

    def facts(self) -> dict[str, Any]:
        """``method``, ``pool`` and ``pool_mode`` as metrics.json names them; the latter two None without pooling."""
        pools = self.explained_as.pools
        return {
            "method": self.method.facts.name,
            "pool": self.settings.pool if pools else None,
            "pool_mode": self.settings.pool_mode if pools else None,
        }

    def own_settings(self) -> dict[str, Any]:
        """The method's further settings by name, as metrics.json gives them; empty for a method without any."""
        return {name: getattr(self.settings, name) for name in self.method.facts.settings}

    @property
    def explained_as(self) -> MethodFacts:
        """Whose layers and pooling it has; see ``effective_facts``."""
        return effective_facts(self.method.facts, self.settings)


@dataclass(frozen=True)
class CasePlan:
    """What the request means for this model.

    Args:
        methods: the main method first, then those measured beside it.
        layers: that are explained; none where every method explains at the network's input.
        fingerprint: of request, model and files; see ``fingerprint``.
    """

    request: Request
    model: Model
    methods: tuple[PlannedMethod, ...]
    layers: list[Layer]
    score: TargetScore
    scan_backend: str | None
    fingerprint: str

    @property
    def last_decoder_layer(self) -> str | None:
        """Alias of the network's last decoder layer, if it is among the explained ones."""
        return next((layer.alias for layer in self.layers if layer.is_last_decoder), None)

    @property
    def heads(self) -> int:
        """Segmentation heads of the network."""
        return self.model.label_manager.num_segmentation_heads


def plan_case(request: Request, record: CaseRecord, load: ModelLoader | None = None) -> CasePlan:
    """Resolve device, model, methods, layers and target; everything that can be refused without the volume.

    Args:
        load: takes the place of ``load_model``.
    """
    methods = plan_methods(request)
    device = resolve_device(request.device)
    record.stage("load_model")
    model = (load or load_model)(request.model, folds=request.folds, device=device, scan_backend=request.scan_backend)
    facts = device_facts(device)
    scan = choose_backend(device, request.scan_backend) if model.has_scan else None
    record.device(
        {
            "device": facts.name,
            "free_memory_mb": facts.free_memory_mb,
            "scan_backend": scan.name if scan else None,
            "reason": scan.reason if scan else f"{model.architecture} has no selective scan",
        }
    )
    at_input = all(planned.explained_as.at_input for planned in methods)
    layers = [] if at_input else resolve_layers(model, request.layers)
    for layer in layers:
        if layer.channel_token:
            record.warning(
                "channel_token_layer",
                f"{layer.alias} mixes positions (its Mamba tokens are channels): its map says little about where.",
            )
    score = request.target.score or ("logit" if request.preset == "paper" else "margin")
    target = resolve_target(model.label_manager, request.target.label)
    return CasePlan(
        request=request,
        model=model,
        methods=methods,
        layers=layers,
        score=TargetScore(target, score),
        scan_backend=scan.name if scan else None,
        fingerprint=request_fingerprint(request, model.sha256),
    )


def plan_methods(request: Request) -> tuple[PlannedMethod, ...]:
    """The request's methods with their defaults filled in, the main one first.

    Raises:
        UsageError: a method is not known, or named twice; or something was asked for that no method has.
    """
    planned: list[PlannedMethod] = []
    for choice in (MethodChoice(request.method, request.pool), *request.other_methods):
        method = get_method(choice.name)
        planned.append(PlannedMethod(method, _settings(method.facts, choice, request)))
        if planned[-1].facts() in [earlier.facts() for earlier in planned[:-1]]:
            raise UsageError(f"The method {choice} is named twice.", "Name every method once, or with another pooling.")
    _refuse_what_no_method_has(request, planned)
    return tuple(planned)


def _settings(facts: MethodFacts, choice: MethodChoice, request: Request) -> MethodSettings:
    asked = {name: value for name, value in request.method_options.given().items() if name in facts.settings}
    return dataclasses.replace(
        facts.defaults,
        pool=facts.defaults.pool if choice.pool is None else choice.pool,
        pool_mode=request.pool_mode,
        per_window=request.preset == "paper",
        **asked,
    )


def _refuse_what_no_method_has(request: Request, planned: Sequence[PlannedMethod]) -> None:
    names = ", ".join(dict.fromkeys(entry.method.facts.name for entry in planned))
    for setting in request.method_options.given():
        if not any(setting in entry.method.facts.settings for entry in planned):
            owners = ", ".join(facts.name for facts in METHOD_FACTS.values() if setting in facts.settings)
            raise UsageError(
                f"The setting {SETTINGS[setting].title!r} was given, and {names} does not have it.",
                f"Leave it out, or use one of: {owners}.",
            )
    if request.layers is not None and all(entry.explained_as.at_input for entry in planned):
        raise UsageError(
            f"The layers {', '.join(request.layers)} were named, and {names} explains at the network's input.",
            "Leave the layers out, or use a method of layers such as seg-xres-cam.",
        )
    unpublished = [entry.method.facts.name for entry in planned if not entry.method.facts.published]
    if request.preset == "paper" and unpublished:
        raise UsageError(
            f"The preset 'paper' was given, and {', '.join(unpublished)} is not part of the published analysis.",
            "Leave the preset out, or use one of: "
            f"{', '.join(facts.name for facts in METHOD_FACTS.values() if facts.published)}.",
        )
