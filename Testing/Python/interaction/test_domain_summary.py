"""One volume's domain statistics in words."""

from __future__ import annotations

from UMambaXAILogic.interaction.domain_summary import summarise_statistics


def comparison(cases: int, *outside: bool) -> dict:
    return {"profile": "source", "profile_cases": cases, "positions": [{"is_outside": one} for one in outside]}


def test_voxels_noise_and_vessels_are_named(domain_row):
    text = summarise_statistics(domain_row(spacing=0.45, noise=7.5, vessels=True), None)
    assert text == (
        "Measured: voxels of 0.45 x 0.45 x 0.45 mm (R-L x A-P x S-I), noise 7.5 HU (parenchyma), vessels of 2.40 mm."
    )


def test_what_was_not_measured_is_left_out(domain_row):
    row = domain_row()
    for estimate in row["noise"].values():
        estimate["std"] = None
    assert summarise_statistics(row, None).endswith("(R-L x A-P x S-I), noise n/a.")


def test_the_profile_is_named_with_its_size_and_what_lies_outside(domain_row):
    def second_line(*arguments) -> str:
        return summarise_statistics(domain_row(), comparison(*arguments)).splitlines()[1]

    assert second_line(12, False, True, True) == "Outside the range of source (12 cases) in 2 of 3 quantities."
    assert second_line(1, False) == "Within the range of source (1 case)."
    assert second_line(3) == "Nothing of it can be compared with source (3 cases)."


def test_each_text_is_translated(domain_row):
    german = {"Within the range of {profile}.": "Im Bereich von {profile}.", "{name} ({count} cases)": "{count} {name}"}
    text = summarise_statistics(domain_row(), comparison(5, False), lambda text: german.get(text, text))
    assert text.endswith("Im Bereich von 5 source.")
