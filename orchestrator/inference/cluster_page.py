"""The page of clusters: faces of each person, a field for the name, and a button that saves the labels file.

One file without a request, in the look of the report. Paths come from foreign folders: Jinja2 escapes them, and the
page's policy allows its one script by its hash.
"""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.inference.clusters import Clusters
from orchestrator.report.bokeh_figures import script_policy, script_text
from orchestrator.report.embedding_map import thumbnail
from orchestrator.report.page import STEERING_LETTERS, TEMPLATES, page_environment
from orchestrator.text import counted
from storage.face_pictures import Face, PictureSource

SHOWN = 3000
"""Faces on the page at most, about 3 kB each, shared among the people."""

MOST_OF_ONE = 24
"""Faces of a person; a third of them are the farthest from the centre, which are wrong most easily."""

LEAST_OF_ONE = 3


def cluster_page(found: Clusters, folder: str, pictures: PictureSource) -> str:
    """The page as HTML text.

    Args:
        folder: in which the photos are, for the title.
        pictures: where the pictures of the faces come from.
    """
    most = max(LEAST_OF_ONE, min(MOST_OF_ONE, SHOWN // max(1, len(found.clusters))))
    shown = {cluster.name: _shown(cluster.faces, most) for cluster in found.clusters}
    crops = pictures.some({face for faces in shown.values() for face in faces}, "crop")
    people = [
        {
            "name": cluster.name,
            "count": counted(len({key for key, _ in cluster.faces}), "photo"),
            "faces": [(thumbnail(crops.get(face)), found.paths[face[0]][0]) for face in shown[cluster.name]],
        }
        for cluster in found.clusters
    ]
    here = Path(__file__).parent
    script = script_text(here / "cluster_page.js")
    # no letter in a script element that could end it, or begin a comment or another one
    rows = json.dumps(found.labels(), ensure_ascii=True).replace("<", "\\u003c")
    return (
        page_environment(here)
        .get_template("cluster_page.html.jinja")
        .render(
            folder=folder,
            people=people,
            summary=clusters_sentence(found),
            style=(TEMPLATES / "page.css").read_text(encoding="utf-8"),
            script=script,
            script_policy=script_policy((script,)),
            rows=rows,
        )
        .translate(STEERING_LETTERS)
    )


def clusters_sentence(found: Clusters) -> str:
    """What was found, in two sentences."""
    faces = sum(len(names) for names in found.in_photo.values())
    grouped = sum(len(cluster.faces) for cluster in found.clusters)
    several = sum(len(set(names.values()) - {"unknown"}) > 1 for names in found.in_photo.values())
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in found.outcomes.items())
    people = counted(len(found.clusters), "person", "people")
    return (
        f"{people} by {found.encoder}; {counted(faces - grouped, 'face')} of {faces} like nobody else's. "
        f"Photos: {outcomes}; {several} with several people."
    )


def _shown(faces: tuple[Face, ...], most: int) -> tuple[Face, ...]:
    """The nearest to the centre and the farthest."""
    if len(faces) <= most:
        return faces
    far = most // 3
    return (*faces[: most - far], *faces[-far:])
