"""The attribution methods there are, for doors that only name them: the standard library alone is imported here.

What a method computes is in ``engine.attribution``, one file a method, which takes its facts from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .settings import MethodSettings


@dataclass(frozen=True)
class MethodFacts:
    """What the doors show about a method.

    Args:
        name: as it is asked for.
        title: as it is written in texts.
        summary: what its map says, in a sentence or two.
        pools: it has a gradient pooling window.
        settings: names in ``SETTINGS`` of what else can be set.
        at_input: it explains at the network's input, where there are no layers to choose from.
        published: it belongs to the published analysis that the preset ``paper`` follows.
        defaults: the settings it has where nothing else is asked.
    """

    name: str
    title: str
    summary: str
    pools: bool = False
    settings: tuple[str, ...] = ()
    at_input: bool = False
    published: bool = False
    defaults: MethodSettings = field(default_factory=MethodSettings)


_EMBEDDING = (
    *("stage", "prompt_share", "prototype_weight", "prompt_weight", "global_weight", "outside_weight"),
    *("spatial_floor", "box_margin_mm"),
)
_INTERVENTION = ("region_size_mm", "max_regions", "reach_mm", "fill")

#: By name, the default first.
METHOD_FACTS: dict[str, MethodFacts] = {
    facts.name: facts
    for facts in (
        MethodFacts(
            "seg-xres-cam",
            "Seg-XRes-CAM",
            "Activation times gradient, pooled in blocks: where in the image each layer supports the target.",
            pools=True,
            published=True,
        ),
        MethodFacts(
            "seg-grad-cam",
            "Seg-Grad-CAM",
            "Activation weighted by the mean gradient of each channel: smoother, and blind to where in the image a "
            "channel matters.",
            published=True,
        ),
        MethodFacts(
            "grad-x-input",
            "Gradient x input",
            "Gradient times intensity at the network's input: fine, noisy, and true only for small changes.",
            at_input=True,
        ),
        MethodFacts(
            "smoothgrad",
            "SmoothGrad",
            "The mean of a gradient method over noisy copies of the input: what remains when the noise changes.",
            settings=("base_method", "samples", "noise", "seed"),
            at_input=True,
        ),
        MethodFacts(
            "occlusion",
            "Occlusion",
            "What the score loses when one cell of a grid after the other is filled: slow, coarse, and causal.",
            settings=_INTERVENTION,
            at_input=True,
            defaults=MethodSettings(regions="grid"),
        ),
        MethodFacts(
            "supervoxel",
            "Supervoxel intervention",
            "What the score loses when one piece of vessel or tissue after the other is filled: slow, and causal.",
            settings=_INTERVENTION,
            at_input=True,
        ),
        MethodFacts(
            "dea",
            "Dual-evidence attribution",
            "What filling regions costs, sharpened by gradient times intensity where both agree.",
            settings=("regions", *_INTERVENTION),
            at_input=True,
        ),
        MethodFacts(
            "embedding-similarity",
            "Embedding similarity",
            "How alike each place's features are to those of the prediction, without any gradient: what the network "
            "sees as the same kind of thing, whether it mattered or not.",
            settings=_EMBEDDING,
        ),
    )
}


def effective_facts(facts: MethodFacts, settings: MethodSettings) -> MethodFacts:
    """Facts of the method that is asked for layers and pooling: of one that averages another, the other's."""
    return METHOD_FACTS[settings.base_method] if "base_method" in facts.settings else facts
