"""nnU-Net v2 trainers for U-Mamba: ``nnUNetv2_train ... -tr nnUNetTrainerUMambaEnc``.

nnU-Net looks for trainers in the folders that its environment variable ``nnUNet_extTrainer`` names; point it here::

    export nnUNet_extTrainer=$(python -c "from UMambaXAILogic.engine.model.trainers import FOLDER; print(FOLDER)")
    nnUNetv2_train DATASET 3d_fullres 0 -tr nnUNetTrainerUMambaEnc          # a GPU; -device cpu works too

The variable is needed wherever nnU-Net meets such a model by name (training, nnUNetv2_predict). It lists several
folders where they are joined by ``os.pathsep``. nnU-Net imports each file here as a module of its own, hence the
absolute imports and file names after the class.
"""

from __future__ import annotations

from pathlib import Path

#: The folder for ``nnUNet_extTrainer``.
FOLDER = Path(__file__).resolve().parent

__all__ = ["FOLDER"]
