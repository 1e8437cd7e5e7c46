"""Faults that were once in the code, put back one by one: for each, a test has to fail.

python Testing/broken_on_purpose.py [WORD]...    all of them, or those whose name holds a word

The faults are put into a copy of the repository. Printed is a line for each: noticed, NOT NOTICED, or stale where the
code has changed so much that the fault has no place in it any more. Runs where processes can be forked.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from fault import Fault
from faults_in_slicer import FAULTS_IN_SLICER

REPOSITORY = Path(__file__).resolve().parent.parent
COPIED = (
    "CTEnhance",
    "Testing",
    "configs",
    "docs",
    "tools",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "mkdocs.yml",
)

LARGE = ("numpy", "scipy.ndimage", "SimpleITK", "torch", "vtk", "matplotlib.pyplot", "PySide6.QtWidgets", "pydicom")


FAULTS = (
    Fault(
        "a slice of which a download lost the last part is read as it is",
        "dicom/lost_pixels.py",
        "if count < _LOST_SHARE * volume[index].size:",
        "if True:",
        ("dicom/test_odd_series.py", "pixels"),
    ),
    Fault(
        "a padding range takes all tissue away",
        "dicom/pixels.py",
        "return low < _TISSUE[1] and high > _TISSUE[0]",
        "return _TISSUE[0] < low < _TISSUE[1]",
        ("dicom/test_odd_series.py", "padding"),
    ),
    Fault(
        "values beyond the bits stated are cut off",
        "dicom/pixels.py",
        "if not ((above == 0) | negative).all():",
        "if False:",
        ("dicom/test_odd_series.py", "beyond"),
    ),
    Fault(
        "one slice is scaled by a tenth more than the others",
        "dicom/rescale.py",
        "            [_body_step(one, other) for one, other in zip(some, some[1:])],",
        "            [0.0 for one, other in zip(some, some[1:])],",
        ("dicom/test_odd_series.py", "slope"),
    ),
    Fault(
        "two phases of the heart by turns make one volume",
        "dicom/identity.py",
        "    for what in _IN_STEPS:",
        "    for what in _IN_STEPS[:1]:",
        ("dicom/test_odd_series.py", "turns"),
    ),
    Fault(
        "NaN in a NIfTI file becomes 0 HU",
        "files/content.py",
        "            if content.floats:",
        "            if False:",
        ("files/test_volumes_on_disk.py", "no_number"),
    ),
    Fault(
        "qform and sform place a volume at two places and one is taken",
        "files/headers.py",
        "    if np.linalg.norm(apart, axis=1).max() > _SAME_PLACE_MM:",
        "    if False:",
        ("files/test_volumes_on_disk.py", "two_ways"),
    ),
    Fault(
        "a header that claims fewer rows than there are shears the picture",
        "files/content.py",
        "            if allowed < 0:",
        "            if False:",
        ("files/test_volumes_on_disk.py", "claims_less"),
    ),
    Fault(
        "a report remains though its volume could not be written under the name of a folder",
        "commands/shared/outputs.py",
        "            check_file(target)",
        "            check_writable(target)",
        ("commands/test_series.py", "name_that_is_a_folder"),
    ),
    Fault(
        "a further series keeps its weight where it ends inside the thin volume",
        "enhancement/fusion/solution.py",
        "return weight * excess ** (nearness - 1)",
        "return weight",
        ("enhancement/test_fusion.py", "no_seam_is_seen"),
    ),
    Fault(
        "the uncertainty of a fused volume is that of the main series",
        "enhancement/fusion/further_series.py",
        "        lower_uncertainty(uncertainty, terms[1:], error)",
        "        pass",
        ("enhancement/test_fusion.py", "the_uncertainty_falls"),
    ),
    Fault(
        "the fracture study thickens along the coarsest axis, whichever is asked for",
        "evaluation/fractures/study.py",
        "profile=profile, axis=2)",
        "profile=profile)",
        ("evaluation/fractures/test_fractures.py", "need_not_be_the_coarsest"),
    ),
    Fault(
        "a blend lays the main series over a view whose left side shows another one",
        "scene/comparison/view_setup.py",
        "measured = self._volumes.of_view(Side.MEASURED, view.normal)",
        "measured = self._volumes.left",
        ("scene/comparison/test_measured_planes.py", "a_blend_lays_over"),
    ),
    Fault(
        "figures are taken on slices that were trained on",
        "training/config/requirements.py",
        "if _same_file(source.path, case.thin) and low < high:",
        "if False:",
        ("training/test_config.py", "slices_that_are_trained_on"),
    ),
    Fault(
        "the final figures drop the slices of a case",
        "training/validation.py",
        "limits[4:] = max(limits[4], settings.slices[0]), min(limits[5], settings.slices[1], size[2])",
        "limits[4:] = limits[4], min(limits[5], size[2])",
        ("training/test_config.py", "final_figures_keep"),
    ),
    Fault(
        "a refused surface takes the labels with it",
        "scene/comparison/comparison.py",
        "        derived = self._derived.changed(before, settings)\n        try:",
        "        self._take_down()\n        derived = self._derived.changed(before, settings)\n        try:",
        ("scene/comparison/test_comparison.py", "refused_setting_leaves"),
    ),
    Fault(
        "the error of a refused surface escapes from the panel",
        "panel/compare/section.py",
        "        except CTEnhanceError as error:\n            slicer.util.errorDisplay",
        "        except ZeroDivisionError as error:\n            slicer.util.errorDisplay",
        ("panel/compare/test_section.py", "surface_that_is_refused"),
    ),
    Fault(
        "enhance overwrites its input",
        "files/atomic.py",
        "            if path is not None and other is not None and _same_file(Path(path), Path(other)):",
        "            if False:",
        ("commands/test_enhance.py", "no_output_may_be_the_input"),
    ),
    Fault(
        "evaluate measures against interpolated slices without a word",
        "evaluation/evaluate.py",
        "notes += _interpolated(reference, thick)",
        "",
        ("commands/test_evaluate.py", "interpolated"),
    ),
    Fault(
        "a test on interpolated slices is made",
        "ct/interpolated_slices/volumes.py",
        "part[axis] = slice(first, end)",
        "part[axis] = slice(None)",
        ("page/test_pages.py", "checked_where_it_was_measured"),
    ),
    Fault(
        "smooth slices that were measured pass for interpolated",
        "ct/interpolated_slices/runs.py",
        "(relative[these] < MOST_LEFT).all() and _stands_out(found, first, between[these])",
        "(relative[these] < MOST_LEFT).all()",
        ("ct/test_interpolated_slices.py", "left_alone"),
    ),
    Fault(
        "slices of which every fourth one was measured pass for every second one",
        "ct/interpolated_slices/runs.py",
        "found.sort(key=lambda one: one[0], reverse=True)",
        "found.sort(key=lambda one: one[1].period)",
        ("ct/test_interpolated_slices.py", "slices_are_found"),
    ),
    Fault(
        "metal that was cut off after the interpolation hides it",
        "ct/interpolated_slices/residuals.py",
        "values = values[:, values.max(axis=0) < HU_MAX]",
        "",
        ("ct/test_interpolated_slices.py", "cut_off_at_the_end_of_the_scale"),
    ),
    Fault(
        "evaluate overwrites what it reads",
        "commands/evaluate.py",
        '    require_different_files(inputs, {"--json": args.json, "--csv": args.csv})\n',
        "",
        ("commands/test_evaluate.py", "output_that_is_an_input"),
    ),
    Fault(
        "a multi-frame file loses its patient",
        "commands/shared/further_series.py",
        "    inputs = [Input(image, path if is_dicom else None)]",
        "    inputs = [Input(image, path if path.is_dir() else None)]",
        ("dicom/test_write.py", "multi_frame_file_keeps"),
    ),
    Fault(
        "the uncertainty counts as measured",
        "scene/output.py",
        '    mark(node, Kind.UNCERTAINTY, "uncertainty, HU")\n',
        "",
        ("scene/test_output.py", "uncertainty_volume_says"),
    ),
    Fault(
        "a result in a node that was interpolated stays interpolated",
        "scene/output.py",
        "    mark(output_node, Kind.COMPUTED)\n",
        "",
        ("scene/test_output.py", "interpolated_counts_as_computed"),
    ),
    Fault(
        "the uncertainty of an earlier result stays",
        "scene/output.py",
        "            remove_with_belongings(node)\n        return\n",
        "            pass\n        return\n",
        ("scene/test_output.py", "goes_when_it_is_not_asked_for"),
    ),
    Fault(
        "the panel's figures take a box for a measured profile",
        "scene/figures/figures.py",
        '    if "profile_weights" in stated:',
        '    if "no such key" in stated:',
        ("scene/figures/test_figures.py", "yardstick_takes_the_measured_profile"),
    ),
    Fault(
        "SSIM is NaN where a region touches only a border",
        "evaluation/measures/metrics.py",
        "        values = values[~np.isnan(values)]\n",
        "",
        ("evaluation/measures/test_metrics.py", "border_of_one_slice"),
    ),
    Fault(
        "DICOM output takes k for the slice axis",
        "dicom/derived/write.py",
        "    image = image if axis == 2 else sitk.PermuteAxes(image, [*others, axis])\n",
        "",
        ("dicom/test_write.py", "not_stacked_along_the_third_axis"),
    ),
    Fault(
        "bone is said in a second place",
        "evaluation/measures/regions.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\n_BONE_HU = 300.0\n",
        ("test_house.py", "bone_and_what_is_body and regions"),
    ),
    Fault(
        "a setting takes a value of the wrong kind",
        "scene/comparison/settings.py",
        "            _check_kind(name, value)\n",
        "            pass\n",
        ("scene/comparison/test_comparison.py", "wrong_kind_or_name"),
    ),
    Fault(
        "a scene with an unknown layout raises",
        "scene/comparison/settings.py",
        "        except UsageError as error:\n            logger",
        "        except ZeroDivisionError as error:\n            logger",
        ("scene/comparison/test_comparison.py", "layout_that_is_not_known"),
    ),
    Fault(
        "a measured profile without weights is a KeyError",
        "ct/acquisition.py",
        '    if "weights" not in model:',
        "    if False:",
        ("ct/test_acquisition.py", "does_not_hold_is_refused"),
    ),
    Fault(
        "numbers of numpy reach JSON",
        "evaluation/record.py",
        "    if isinstance(value, (np.ndarray, np.generic)):",
        "    if isinstance(value, np.ndarray):",
        ("evaluation/test_record.py", "numpy"),
    ),
    Fault(
        "the time left is that of the stage",
        "files/progress.py",
        "        return round((now - self._started) / (fraction - self._first) * (1.0 - fraction), 1)",
        "        return round((now - self._started) / max(done, 1) * (total - done), 1)",
        ("files/test_progress.py", "covers_the_stages_to_come"),
    ),
    Fault(
        "a duration that was measured is called an estimate",
        "panel/run/progress.py",
        "def duration_words(seconds: float, estimated: bool = True)",
        "def duration_words(seconds: float, _: bool = True, estimated: bool = True)",
        ("panel/run/test_estimate.py", "called_about"),
    ),
    Fault(
        "the product knows a folder of data by itself",
        "training/config/data_files.py",
        '    folder = os.environ.get("CTENHANCE_DATA", "")',
        '    folder = os.environ.get("CTENHANCE_DATA", "../shared/data")',
        ("training/test_config.py", "data_are_looked_for"),
    ),
    Fault(
        "kappa with linear weights",
        "evaluation/reading/scoring/kappa.py",
        "    distance = (values[:, None] - values[None, :]) ** 2",
        "    distance = abs(values[:, None] - values[None, :])",
        ("evaluation/reading/scoring/test_scoring.py", "statsmodels or kappa"),
    ),
    Fault(
        "cancel is not asked for during the consistency stage",
        "enhancement/pipeline.py",
        '    watch.stop_if_cancelled()\n    watch.progress("consistency", 1, 1)\n',
        '    watch.progress("consistency", 1, 1)\n',
        ("enhancement/test_pipeline.py", "while_it_is_made_consistent"),
    ),
    Fault(
        "a batch that ran out of memory is skipped",
        "enhancement/predict.py",
        "                    lanes = self._lanes()\n                continue\n",
        "                    lanes = self._lanes()\n",
        ("enhancement/test_pipeline.py", "no_slice_is_skipped"),
    ),
    Fault(
        "the last weights are exported instead of the best",
        "training/run.py",
        '(score / total > self.best["figure"] or self.accurate)',
        '(score / total > -float("inf") or self.accurate)',
        ("training/test_run.py", "those_of_the_best_validation"),
    ),
    Fault(
        "the discriminator's labels are exchanged",
        "training/adversary.py",
        "self._loss(judge, view, real, real=True) + self._loss(judge, view, fake, real=False)",
        "self._loss(judge, view, real, real=False) + self._loss(judge, view, fake, real=True)",
        ("training/test_learner.py", "taught_that_the_truth_is_real"),
    ),
    Fault(
        "the learning rate does not fall",
        "training/learner.py",
        "    return rising * min(1.0, 2 * (1 - step / steps))",
        "    return rising",
        ("training/test_learner.py", "follows_its_schedule"),
    ),
    Fault(
        "the base is the first slice that is seen instead of the middle one",
        "model/stack.py",
        "                middle = (scaled[:, self.spec.context // 2] + 1) / 2",
        "                middle = (scaled[:, 0] + 1) / 2",
        ("enhancement/test_pipeline.py", "base_thick_is_the_middle_one"),
    ),
    Fault(
        "slices are padded with zeros",
        "model/stack.py",
        'padding, mode="replicate"',
        'padding, mode="constant"',
        ("enhancement/test_pipeline.py", "padded_by_repeating"),
    ),
    Fault(
        "a relative import climbs to a room above",
        "ct/geometry.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\nfrom ..panel import style\n",
        ("test_house.py", "one_way and geometry"),
    ),
    Fault(
        "a hidden slice is lost without a word",
        "dicom/folder/find.py",
        "for name in sorted(names) if not name.startswith(PREFIX)]",
        'for name in sorted(names) if not name.startswith(".")]',
        ("dicom/test_odd_series.py", "hidden"),
    ),
    Fault(
        "a packed slice is lost without a word",
        "dicom/folder/other_files.py",
        'if _SLICE_SUFFIX.search(_PACKED.sub("", name)):',
        "if _SLICE_SUFFIX.search(name):",
        ("dicom/test_odd_series.py", "packed"),
    ),
    Fault(
        "an archive under the name of a slice is passed over",
        "dicom/folder/find.py",
        "(path in named_alike or not is_known_other(path, start))",
        "not is_known_other(path, start)",
        ("dicom/test_odd_series.py", "zip"),
    ),
    Fault(
        "values that do not begin with the lowest bit are read as they are",
        "dicom/pixels.py",
        "        _check_bits(path, dataset)\n",
        "",
        ("dicom/test_odd_series.py", "fourth"),
    ),
    Fault(
        "a place where nobody can write is found out after computing",
        "files/atomic.py",
        "        remove_folder(*new_folder(folder))",
        "        os.access(folder, os.W_OK)",
        ("commands/test_faults.py", "nobody_can_write"),
    ),
    Fault(
        "a library's own words for no memory are an internal error",
        "errors.py",
        "return isinstance(error, RuntimeError) and any(",
        "return isinstance(error, ZeroDivisionError) and any(",
        ("commands/test_faults.py", "memory"),
    ),
    Fault(
        "a left-handed volume is not found on its source series",
        "dicom/derived/write.py",
        "np.linalg.det(np.reshape(image.GetDirection(), (3, 3))) > 0",
        "True",
        ("panel/test_derived_export.py", "goes_to_a_folder"),
    ),
    Fault(
        "a part of a series is not found on its source series",
        "dicom/derived/source.py",
        "and first.min() > -0.5",
        "and np.abs(first).max() < 0.01",
        ("panel/test_derived_export.py", "part_of_a_series"),
    ),
    Fault(
        "an export says nothing of lost source images",
        "scene/derived_series.py",
        "if len(paths) < len(set(uids)):",
        "if False:",
        ("panel/test_derived_export.py", "missing"),
    ),
)


def put_back(fault: Fault, copy: Path) -> str:
    """Put a fault into the copy, run its test, and take the fault out again."""
    path = copy / "CTEnhance" / "CTEnhanceLib" / fault.file
    text = path.read_text(encoding="utf-8")
    if fault.right not in text:
        return "stale"
    path.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")
    try:
        code = run_tests(copy, *fault.test)
    finally:
        path.write_text(text, encoding="utf-8")
    return {0: "NOT NOTICED", 1: "noticed", 5: "no such test"}.get(code, f"pytest: {code}")


def run_tests(copy: Path, file: str, words: str) -> int:
    """Run tests of the copy in a child of this process, which has the large packages loaded already."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.chdir(copy)
    os.environ["PYTHONPATH"] = str(copy / "CTEnhance")
    sys.path.insert(0, str(copy / "CTEnhance"))
    sys.dont_write_bytecode = True
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    code = pytest.main(["-q", "-x", "-p", "no:cacheprovider", f"Testing/{file}", "-k", words])
    os._exit(int(code))


def main(words: list[str]) -> int:
    """Put the faults back one after the other; the exit code says whether all were noticed."""
    for package in LARGE:
        if importlib.util.find_spec(package) is not None:
            importlib.import_module(package)
    chosen = [fault for fault in (*FAULTS, *FAULTS_IN_SLICER) if not words or any(word in fault.name for word in words)]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, folder)
        for fault in chosen:
            found.append(put_back(fault, Path(folder)))
            print(f"{found[-1]:12} {fault.name} ({fault.test[0]}: {fault.test[1]})", flush=True)
    print(f"{found.count('noticed')} of {len(found)} faults noticed")
    return 0 if set(found) == {"noticed"} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
