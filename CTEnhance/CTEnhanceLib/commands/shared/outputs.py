"""What `ctenhance enhance` writes: checked before a long run, and all of it or nothing."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.commands.shared.further_series import Input, used_sources
from CTEnhanceLib.ct.geometry import slice_geometry
from CTEnhanceLib.dicom.derived.write import check_output_folder
from CTEnhanceLib.errors import UsageError, shown
from CTEnhanceLib.files.atomic import appearing, check_file, check_writable, require_different_files, write_text
from CTEnhanceLib.files.volumes import volume_suffix, write_volume

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.enhancement.pipeline import Enhancement


def check_outputs(args: argparse.Namespace) -> None:
    """Prove before a long run that every output can be written, and that none overwrites another or an input.

    Raises:
        OutputError: A place cannot be written.
        UsageError: Two names are one file, or a DICOM folder would lie inside an input folder.
    """
    inputs = {"INPUT": args.input, **{f"--also {path}": path for path in args.also}}
    volumes = {"OUTPUT": args.output, "--uncertainty": args.uncertainty}
    require_different_files(inputs, {**volumes, "--report": args.report})
    if args.report is not None:
        check_file(args.report)
    if args.preview is not None:
        _check_outside(args.preview, [args.input, *args.also])
    for target in volumes.values():
        if target is None:
            continue
        if volume_suffix(target):
            check_file(target)
            continue
        check_writable(target)
        check_output_folder(target)
        _check_outside(target, [args.input, *args.also])


def write_outputs(args: argparse.Namespace, series: list[Input], result: Enhancement) -> None:
    """Write the volume and what goes with it; when one cannot be written none appears.

    Args:
        args: Names of the outputs.
        series: The main series and the further ones, which give patient and study to a DICOM output.
        result: What was computed.

    Raises:
        OutputError: One of them cannot be written.
    """
    with ExitStack() as together:
        # what is entered here gets its name after the volume has: a report of a volume that failed is misleading
        if args.report is not None:
            _write_report(args, series[0].image, result, together.enter_context(appearing(args.report)))
        if args.uncertainty is not None and result.uncertainty is not None:
            words = "uncertainty of the computed slices, HU"
            _write(series, result, result.uncertainty, together.enter_context(appearing(args.uncertainty)), words)
        _write(series, result, result.volume, Path(args.output), "")


def _check_outside(target: str, inputs: list[str]) -> None:
    for source in inputs:
        if Path(source).is_dir() and Path(source).resolve() in Path(target).resolve().parents:
            raise UsageError(
                f"The output folder {shown(target, 100)} lies inside the input folder, where its slices would be "
                "taken for measured ones; choose a folder beside it."
            )


def _write(series: list[Input], result: Enhancement, image: sitk.Image, path: Path, words: str) -> None:
    """Write a computed volume as a file, or as a derived DICOM series where the path has no suffix."""
    if volume_suffix(path):
        write_volume(image, path)
        return
    from CTEnhanceLib.dicom import write_derived_series

    main, *further = series
    model = result.report["model"]
    write_derived_series(
        image,
        path,
        main.folder,
        series=main.uid,
        also=used_sources(result.report, further),
        description=words,
        model=model["name"],
        model_sha256=model["sha256"],
        report=result.report,
        axis=slice_geometry(main.image).axis,
    )


def _write_report(args: argparse.Namespace, measured: sitk.Image, result: Enhancement, path: Path) -> None:
    if args.report.lower().endswith((".html", ".htm")):
        from CTEnhanceLib.page.report_page import report_page

        text = report_page(result.report, measured, result.volume, result.uncertainty, args.report_name)
    else:
        text = json.dumps(result.report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(text, path)
