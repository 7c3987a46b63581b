"""Say in a sentence which face counts of the photos in which several were found."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.text import counted

_COUNTS = {
    "largest": "the largest counts",
    "central": "the central one counts",
    "consistent": "where such a photo trains, the face that agrees with the person's other training photos counts, "
    "elsewhere the central one",
    "all": "every one counts",
}


def group_photos_sentence(faces: pa.Table, policy: str) -> str:
    """In how many photos several faces were found, and which counts; empty where there is none, or nobody counted.

    Args:
        faces: FACES, of which photo_key and photo_faces are read; runs of earlier versions have no counts.
        policy: of the run's face engine.
    """
    several = faces.filter(pc.greater(faces["photo_faces"], 1))
    count = len(set(several["photo_key"].to_pylist()))
    if not count or policy not in _COUNTS:
        return ""
    missed = "" if policy == "all" else " Small faces beside a large one were not looked for."
    return f"Several faces were found in {counted(count, 'photo')}: {_COUNTS[policy]}.{missed}"
