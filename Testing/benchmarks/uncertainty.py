"""What an uncertainty can reach at all, beside what the model's reaches, and what it costs (docs/trust.md).

    python Testing/benchmarks/uncertainty.py [MODEL] [--config configs/default/uncertainty.toml] [--cases NAME ...]
    python Testing/benchmarks/uncertainty.py [MODEL] --time

In bone, on the crops of the configuration's validation cases: Spearman's rank correlation with the true error, and the
share of the squared error in the 5 % of voxels with the highest value, of

* the slice-axis gradient of the picture, and the model's uncertainty;
* a fit to the volume itself: boosted trees on 30 features of picture and measured slices, fitted to the true error in
  one half of its slices and asked in the other, both ways. It has seen this very scan with its truth, which no
  uncertainty can: a ceiling for all that look at picture and measured slices;
* the same trees fitted to the truth of the other scans here: what such a fit knows of a scan that it has not seen;
* the true error itself, smoothed over a voxel and its neighbours, or of the 26 neighbours alone: a ceiling for all that
  give the local size of the error. Noise has no more to tell.

--time: processor seconds with and without the uncertainty, in turn, on a crop and on whole slices. Needs the real CT
(CTENHANCE_DATA), and for the fit the package lightgbm (left out where it is missing).
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from scipy.stats import spearmanr

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.geometry import slice_geometry, to_slices
from CTEnhanceLib.ct.placement import at_positions, common_positions, place
from CTEnhanceLib.enhancement.uncertainty import measured_around
from CTEnhanceLib.evaluation.measures.regions import counted_slices, region_masks
from CTEnhanceLib.model.stack import Stack
from CTEnhanceLib.training.config.read import read_config
from CTEnhanceLib.training.validation import Case, load_case

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "default" / "uncertainty.toml"
WHOLE_SLICES = (0, 512, 0, 512, 40, 70)  # voxels x, y, z of the skull phantom
SMOOTHED = (0.7, 1.0, 1.5, 2.5)
SEEN = 40_000
FITS = importlib.util.find_spec("lightgbm") is not None
TREES = {
    "objective": "l2",
    "num_leaves": 63,
    "learning_rate": 0.06,
    "min_data_in_leaf": 80,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 1,
    "verbose": -1,
    "seed": 0,
}


def measured_slices(case: Case, stack: Stack) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Picture, truth and uncertainty at the positions of the true slices, and those positions in intervals."""
    spacing = float(slice_geometry(case.thin, slice_geometry(case.thick).axis).interval)
    result = enhance(case.thick, stack, spacing=spacing, profile=case.profile)
    images = {"computed": result.volume, "uncertainty": result.uncertainty, "thin": case.thin}
    placed = {name: place(image, case.thick, name) for name, image in images.items() if image is not None}
    positions = common_positions(placed["thin"], {"computed": placed["computed"]})
    shown = [at_positions(placed[name], positions, name)[0].astype(np.float32) for name in placed]
    thick = slice_geometry(case.thick)
    bars = shown[1] if "uncertainty" in placed else np.zeros_like(shown[0])
    return shown[0], shown[-1], bars, (np.asarray(positions) - thick.positions[0]) / thick.interval


def features(picture: np.ndarray, thick: np.ndarray, places: np.ndarray) -> np.ndarray:
    """30 features of each voxel: (30, n_slices, rows, columns)."""
    padded = np.pad(picture, ((2, 2), (0, 0), (0, 0)), mode="edge")
    count = len(picture)
    below2, below, above, above2 = (padded[k : k + count] for k in (0, 1, 3, 4))
    around, offsets = zip(*(measured_around(float(p), len(thick)) for p in places))
    measured = thick.astype(np.float32)[np.array(around)]
    where = np.array(offsets, np.float32)[:, None, None]
    steps = np.abs(above - picture), np.abs(below - picture)
    curvature, slope = above + below - 2 * picture, np.abs(above - below) / 2
    between = np.abs(measured[:, 1] - measured[:, 2])
    found = [
        picture,
        np.maximum(*steps),
        np.minimum(*steps),
        slope,
        curvature,
        np.abs(above2 - below2),
        ndimage.gaussian_filter(slope, 1),
        ndimage.gaussian_filter(np.abs(curvature), 1),
        measured[:, 1] * (1 - where) + measured[:, 2] * where - picture,
        between,
        ndimage.gaussian_filter(between, (0, 1, 1)),
        np.where(where < 0.5, measured[:, 1], measured[:, 2]) - picture,
        np.abs(measured[:, 0] - measured[:, 1] - measured[:, 2] + measured[:, 3]),
        np.broadcast_to(np.minimum(where, 1 - where), picture.shape),
        ndimage.uniform_filter(picture, 5),
    ]
    for sigma in (0.7, 1.5, 3.0):
        smooth = ndimage.gaussian_filter(picture, (0, sigma, sigma))
        found += [smooth - picture, np.hypot(*np.gradient(smooth, axis=(1, 2)))]
    for size in ((1, 3, 3), (3, 5, 5), (5, 9, 9)):
        mean = ndimage.uniform_filter(picture, size)
        found.append(np.sqrt(np.maximum(ndimage.uniform_filter(picture**2, size) - mean**2, 0)))
    high, low = ndimage.maximum_filter(picture, 3), ndimage.minimum_filter(picture, 3)
    fine = [np.abs(m - ndimage.uniform_filter(m, (1, 3, 3))) for m in (measured[:, 1], measured[:, 2])]
    noise = [ndimage.gaussian_filter(sum(fine), (0, sigma, sigma)) for sigma in (1.5, 6.0)]
    return np.stack([*found, high, low, high - low, *fine, *noise[:1], *noise[1:]]).astype(np.float32)


@dataclass(frozen=True)
class Bone:
    """The voxels of bone of one case.

    Attributes:
        scan: The file of its true slices.
        given: (30, n) features.
        error: (n,) the true absolute error, HU.
        lower: (n,) whether a voxel lies in the lower half of the slices.
    """

    scan: str
    given: np.ndarray
    error: np.ndarray
    lower: np.ndarray


def fit_and_ask(seen: list[tuple[np.ndarray, np.ndarray]], asked: np.ndarray) -> np.ndarray:
    """Fit trees to features and errors, each part drawn from alike, and give the errors to be expected of others."""
    import lightgbm

    rng = np.random.default_rng(0)
    drawn = [rng.permutation(len(error))[: SEEN // len(seen)] for _, error in seen]
    given = np.concatenate([one[:, chosen] for (one, _), chosen in zip(seen, drawn)], axis=1)
    error = np.concatenate([one[chosen] for (_, one), chosen in zip(seen, drawn)])
    trees = lightgbm.train(TREES, lightgbm.Dataset(given.T, np.log(error + 3)), 120)
    return np.exp(np.asarray(trees.predict(asked.T)))


def of_the_other_half(bone: Bone) -> np.ndarray:
    """The errors to be expected from a fit to the other half of the same scan, both ways."""
    expected = np.zeros(len(bone.error))
    for side in (bone.lower, ~bone.lower):
        expected[side] = fit_and_ask([(bone.given[:, ~side], bone.error[~side])], bone.given[:, side])
    return expected


def of_other_scans(bone: Bone, all_bones: list[Bone]) -> np.ndarray | None:
    """The errors to be expected from a fit to the other scans; None where there is none."""
    others = [(other.given, other.error) for other in all_bones if other.scan != bone.scan]
    return fit_and_ask(others, bone.given) if others else None


def figures(order: np.ndarray, true: np.ndarray) -> str:
    """Rank and share of the worst 5 % of voxels (n,)."""
    chosen = np.linspace(0, len(true) - 1, min(len(true), 200_000)).astype(int)
    ours, error = order[chosen].astype(float), true[chosen].astype(float)
    worst = np.argpartition(-ours, len(error) // 20)[: len(error) // 20]
    return f"{spearmanr(ours, error)[0]:.2f}, {100 * (error[worst] ** 2).sum() / (error**2).sum():.0f} %"


def measured_case(case: Case, stack: Stack) -> tuple[Bone, list[str], list[str]]:
    """The bone of a case, and its cells that need no fit: those before and those after the fits."""
    picture, truth, bars, places = measured_slices(case, stack)
    error = np.abs(picture - truth)
    counted, _ = counted_slices(len(picture))
    kept = np.zeros(len(picture), bool)
    kept[counted] = True
    inside = region_masks(truth)["bone"] & kept[:, None, None]
    number = np.nonzero(inside)[0]
    given = features(picture, to_slices(case.thick), places)[:, inside] if FITS else np.empty((0, 0), np.float32)
    bone = Bone(str(case.settings.thin), given, error[inside], number < np.median(number))
    before = [figures(np.abs(np.gradient(picture, axis=0))[inside], bone.error)]
    before.append(figures(bars[inside], bone.error) if bars.any() else "")
    neighbours = np.ones((3, 3, 3)) / 26
    neighbours[1, 1, 1] = 0
    smoothed = [ndimage.gaussian_filter(error, sigma) for sigma in SMOOTHED] + [ndimage.convolve(error, neighbours)]
    return bone, before, [figures(one[inside], bone.error) for one in smoothed]


def fits(bone: Bone, all_bones: list[Bone]) -> list[str]:
    """The cells of both fits."""
    if not FITS:
        return ["needs lightgbm"] * 2
    others = of_other_scans(bone, all_bones)
    return [
        figures(of_the_other_half(bone), bone.error),
        "" if others is None else figures(others, bone.error),
    ]


def print_time(case: Case, stack: Stack) -> None:
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(4):
        for wanted in (False, True):
            started = time.process_time()
            enhance(case.thick, stack, spacing=1.0, profile=case.profile, uncertainty=wanted, device="cpu")
            seconds[wanted].append(time.process_time() - started)
    without, with_it = (min(seconds[wanted][1:]) for wanted in (False, True))
    print(
        f"{case.settings.name}: {without:.2f} s without, {with_it:.2f} s with, {100 * (with_it / without - 1):+.1f} %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="context")
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--cases", nargs="+", help="names of validation cases; all when left out")
    parser.add_argument("--time", action="store_true", help="the cost instead")
    args = parser.parse_args()
    torch.set_num_threads(1)
    stack = load_stack(args.model)
    chosen = [s for s in read_config(args.config).validation if not args.cases or s.name in args.cases]
    if args.time:
        small, large = chosen[2 % len(chosen)], chosen[0]
        print_time(load_case(small), stack)
        print_time(load_case(replace(large, name=f"{large.name}, whole slices", crop=WHOLE_SLICES)), stack)
        return
    head = [
        "gradient",
        "uncertainty",
        "fit to the other half",
        "fit to other scans",
        *(f"true, {s:g} voxels" for s in SMOOTHED),
    ]
    print(f"| bone: rank, worst 5 % hold | {' | '.join([*head, 'true, 26 neighbours'])} |\n{'|---' * (len(head) + 2)}|")
    found = [measured_case(load_case(settings), stack) for settings in chosen]
    bones = [bone for bone, _, _ in found]
    for settings, (bone, before, after) in zip(chosen, found):
        print(f"| {settings.name} | {' | '.join([*before, *fits(bone, bones), *after])} |", flush=True)


if __name__ == "__main__":
    main()
