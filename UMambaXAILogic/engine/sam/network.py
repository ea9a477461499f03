"""One SAM: features of a slice at several depths, the prompt's embedding, and the mask that the prompt gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from ..embedding.box import PromptBox
from ..embedding.feature_watch import FeatureWatch
from ..errors import UsageError
from .checkpoint import SamCheckpoint
from .placement import Placement

#: The image encoder's output, which lives in the prompt encoder's space; deeper than all blocks.
EMBEDDING = "embedding"


class Sam:
    """A loaded checkpoint, ready for slices.

    Args:
        checkpoint: as loaded.
    """

    def __init__(self, checkpoint: SamCheckpoint) -> None:
        self._model = checkpoint.model
        self._device = checkpoint.device
        self._mean = torch.tensor(checkpoint.pixel_mean, device=self._device).reshape(-1, 1, 1)
        self._std = torch.tensor(checkpoint.pixel_std, device=self._device).reshape(-1, 1, 1)

    @property
    def description(self) -> str:
        """Such as ``12 blocks of 768 channels, frame 1024``."""
        width = self._model.config.vision_config.hidden_size
        return f"{len(self.depths) - 1} blocks of {width} channels, frame {self.frame}"

    @property
    def frame(self) -> int:
        """Side of the square image that the network takes, in pixels."""
        return int(self._model.config.vision_config.image_size)

    @property
    def cells(self) -> int:
        """Side of the grid of features at every depth."""
        return self.frame // int(self._model.config.vision_config.patch_size)

    @property
    def depths(self) -> tuple[str, ...]:
        """Names of all depths, in forward order."""
        return (*(f"block.{number}" for number in range(len(self._model.vision_encoder.layers))), EMBEDDING)

    def check_depths(self, names: Sequence[str]) -> tuple[str, ...]:
        """The named depths in forward order, each once.

        Raises:
            UsageError: a name is unknown, or there is none.
        """
        unknown = [name for name in names if name not in self.depths]
        if unknown or not names:
            raise UsageError(
                f"This network has no layer {', '.join(map(repr, unknown))}." if unknown else "No layer was named.",
                f"It has: {', '.join(self.depths)}.",
            )
        return tuple(name for name in self.depths if name in names)

    def width(self, depth: str) -> int:
        """Channels of a depth's features."""
        config = self._model.config.vision_config
        return int(config.output_channels if depth == EMBEDDING else config.hidden_size)

    @torch.inference_mode()
    def encode(
        self, image: npt.NDArray[np.float32], placement: Placement, depths: Sequence[str]
    ) -> dict[str, torch.Tensor]:
        """Features of a slice, by depth; the last one is there in any case.

        Args:
            image: (rows, columns) in [0, 1].
            placement: of the slice.
            depths: those that are wanted.

        Returns:
            (channels, cells, cells) on the CPU.
        """
        grey = torch.from_numpy(np.ascontiguousarray(image)).to(self._device)
        channels = (grey.expand(len(self._mean), *image.shape) - self._mean) / self._std
        pixels = placement.to_frame(channels)[None]
        found: dict[str, torch.Tensor] = {}

        def receive(depth: str, features: torch.Tensor) -> None:
            found[depth] = features[0].permute(2, 0, 1).cpu()

        encoder = self._model.vision_encoder
        blocks = [(depth, encoder.layers[int(depth.split(".")[1])]) for depth in depths if depth != EMBEDDING]
        with FeatureWatch(blocks, receive):
            found[EMBEDDING] = encoder(pixels).last_hidden_state[0].cpu()
        return found

    @torch.inference_mode()
    def prompt_embedding(self, box: PromptBox, placement: Placement) -> torch.Tensor:
        """e_b: the mean of the embeddings of the box's two corners, (channels,) on the CPU."""
        corners, _ = self._model.prompt_encoder(
            input_points=None, input_labels=None, input_boxes=self._prompt(box, placement), input_masks=None
        )
        return corners[0, 0].mean(dim=0).cpu()

    @torch.inference_mode()
    def mask_logits(self, embedding: torch.Tensor, box: PromptBox, placement: Placement) -> torch.Tensor:
        """What the mask decoder gives for the box, (rows, columns) of the slice on the CPU; above 0 is the object.

        Args:
            embedding: the slice's, from ``encode``.
        """
        found = self._model(
            image_embeddings=embedding[None].to(self._device),
            input_boxes=self._prompt(box, placement),
            multimask_output=False,
        )
        return placement.from_frame(found.pred_masks[0, 0, 0].float()).cpu()

    def _prompt(self, box: PromptBox, placement: Placement) -> torch.Tensor:
        return torch.tensor([[placement.box_in_frame(box)]], dtype=torch.float32, device=self._device)
