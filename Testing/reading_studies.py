"""Small blinded readings for tests: generated cases in four kinds, their files, their plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import SimpleITK as sitk

from bone_volumes import as_image, bone_slices
from CTEnhanceLib.evaluation.reading.blind import write_blinded
from CTEnhanceLib.evaluation.reading.study import Case, Study, default_questions

KINDS = ("thick", "true", "method1", "method2")
READERS = ("Anna", "Ben")


def case_images(seed, count=12, size=16):
    """One case in four kinds: true 1 mm slices, 3 mm slices of it, two that differ by a constant and by padding."""
    thin = bone_slices(count=count, size=size, seed=seed, noise=0.0)
    thick = thin.reshape(count // 3, 3, size, size).mean(1)
    computed = as_image(thin + 60)
    images = {
        "thick": as_image(thick, spacing=3.0, origin=(3.0, -7.0, 12.0)),
        "true": as_image(thin),
        "method1": sitk.Cast(as_image(thin + 30), sitk.sitkFloat32),
        "method2": sitk.ConstantPad(computed, [0, 0, 2], [0, 0, 1], -2000),
    }
    for kind, image in images.items():
        image.SetMetaData("CTEnhance.Model", kind)
    return images


def write_cases(folder, cases=3):
    """`folder/<case>/<kind>.nrrd`."""
    for number in range(cases):
        place = Path(folder) / f"patient {number}"
        place.mkdir(parents=True)
        for kind, image in case_images(number).items():
            sitk.WriteImage(image, str(place / f"{kind}.nrrd"))


def study_of(cases=3, **changes):
    """The thesis' study on generated cases."""
    names = [f"patient {number}" for number in range(cases)]
    study = Study(
        "Wrists",
        KINDS,
        tuple(Case(name, {kind: f"{name}/{kind}.nrrd" for kind in KINDS}) for name in names),
        default_questions(KINDS),
        READERS,
        views=("axial", "coronal", "3d"),
        seed=5,
    )
    return replace(study, **changes)


def planned(folder, study=None):
    """Plan a study of generated images; the readers' folder and the key."""
    study = study or study_of()
    folder = Path(folder)
    made = {case.name: case_images(number) for number, case in enumerate(study.cases)}
    key = write_blinded(study, folder / "readers", folder / "key.json", lambda case, kind: made[case][kind])
    return folder / "readers", key


def kind_of(key):
    """Kind by blinded image."""
    return {image: kind for one in key["sets"] for image, kind in {**one["images"], **(one["reference"] or {})}.items()}


GRADES = {"true": 1, "method2": 2, "method1": 3, "thick": 4}


def read_all(session, key, grade=GRADES.get, prefer="method2"):
    """Answer everything, by kind; the session is closed afterwards."""
    kinds = kind_of(key)
    while True:
        session.resume()
        for question, letter in session.missing():
            if question.type == "preference":
                value = next(shown.letter for shown in session.page.images if kinds[shown.image] == prefer)
            else:
                value = grade(kinds[session.page.image(letter)])
            session.answer(question.id, letter, value)
        if session.place == len(session.pages) - 1:
            break
        session.forth()
    session.close()
