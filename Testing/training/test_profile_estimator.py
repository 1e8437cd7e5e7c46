from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from bone_volumes import as_image, bone_slices
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.training.slice_profile.estimator import fit_network, measure_error
from CTEnhanceLib.training.slice_profile.volumes import DEVIATIONS, ThinVolumes


def stored(slices: np.ndarray, path: Path) -> Path:
    sitk.WriteImage(as_image(slices, spacing=1.0, pixel=0.8), str(path))
    return path


def test_a_network_is_fitted_on_simulated_volumes_and_measured(tmp_path: Path) -> None:
    volumes = ThinVolumes([(stored(bone_slices(count=110, size=120), tmp_path / "thin.nrrd"), 1.0, None)])
    rng = np.random.default_rng(0)
    net = fit_network(volumes, simulations=6, steps=6, rng=rng)
    weights = {name.replace(".", "_"): value.numpy() for name, value in net.state_dict().items()}
    weights["logarithms"] = np.linspace(*np.log(DEVIATIONS), len(weights["d_bias"]))
    found = measure_error(volumes, weights, simulations=6, rng=rng)
    assert np.isfinite(found).all()
    assert found[1] > 0


def test_volumes_too_small_to_simulate_from_are_refused(tmp_path: Path) -> None:
    volumes = ThinVolumes([(stored(bone_slices(count=8, size=10), tmp_path / "thin.nrrd"), 1.0, None)])
    with pytest.raises(InputRefusedError, match="large enough"):
        volumes.draw(np.random.default_rng(0))
