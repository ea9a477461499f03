"""Measure the phantoms that the demo model was trained on, and write the reference profile that it carries.

    python Utilities/DemoModel/profile_demo_model.py [--count 12]

The phantoms are made again from the training's seed; those that the model is measured on come from another one. The
profile holds the first of them only, so that it stays small: a phantom's statistics do not depend on its number.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from train_demo_model import EXPORT, TRAINING_CASES, TRAINING_SEED

from UMambaXAILogic.engine.domain import DomainRow, DomainSettings, measure_domain
from UMambaXAILogic.engine.domain.profile import Profile, write_profile
from UMambaXAILogic.engine.model.reference_profile import REFERENCE_PROFILE
from UMambaXAILogic.engine.phantom import case_seed, make_phantom

NAME = "training phantoms of the demo model"
COUNT = 12


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT, help=f"phantoms, at most {TRAINING_CASES}")
    parser.add_argument("--model", type=Path, default=EXPORT)
    arguments = parser.parse_args()
    if not 1 <= arguments.count <= TRAINING_CASES:
        parser.error(f"--count {arguments.count}: the model was trained on {TRAINING_CASES} phantoms")
    profile = training_profile(arguments.count)
    path = arguments.model / REFERENCE_PROFILE
    write_profile(profile, path)
    print(f"{path}: {len(profile.rows)} phantoms, {path.stat().st_size / 1000:.0f} kB")


def training_profile(count: int) -> Profile:
    """The profile of the first ``count`` training phantoms."""
    rows = tuple(measured_phantom(number) for number in range(1, count + 1))
    return Profile(NAME, DomainSettings(), rows)


def measured_phantom(number: int) -> DomainRow:
    """The statistics of a training phantom, counted from 1."""
    phantom = make_phantom("source", case_seed(TRAINING_SEED, number))
    image = replace(phantom.image, is_phantom=True)  # as its file says
    return measure_domain(image, case=f"phantom_source_{number:04d}", vessels=phantom.mask.array > 0, modality="CT")


if __name__ == "__main__":
    main()
