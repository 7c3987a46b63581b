"""Draw the picture of docs/engine.md: the steps of the face engine on drawn people.

    python -m benchmarks.alignment_picture    writes docs/alignment.jpg

A row a person: the photo with the detector's box (red), that box mapped to HOG's convention (green) and the 68
landmarks; the crop; the aligned face with the target places of eyes and lips; the input of the encoder.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from benchmarks.processes import ROOT
from workers.faces.align.chips import TARGET, align_face, crop_face, encoder_chip, fit_alignment
from workers.faces.align.landmarks import load_landmarks
from workers.faces.detect.boxes import Box
from workers.faces.detect.detectors import load_detector
from workers.faces.detect.refine_box import map_box
from workers.faces.photo import Pixels
from workers.synthetic.identity import draw_identity
from workers.synthetic.render import render
from workers.synthetic.scene import draw_scene

PEOPLE = (0, 1, 2)
SIDE, GAP = 250, 8
RED, GREEN, WHITE = (220, 40, 40), (40, 190, 70), (255, 255, 255)


def row(person: int) -> Pixels:
    """One person's photo, crop, aligned face and encoder input side by side, (height, width, 3) uint8 RGB."""
    rgb = np.asarray(render(draw_identity(5, person), draw_scene(5, person, 0), SIDE))
    found = load_detector("cascade")(rgb, 800)[0]
    face = map_box(rgb, found).box
    points = load_landmarks("68")([(rgb, face)])[0]
    seen = rgb.copy()
    _frame(seen, found.box, RED)
    _frame(seen, face, GREEN)
    for x, y in points:
        cv2.circle(seen, (int(x), int(y)), 1, WHITE, -1)
    placed = align_face(rgb, fit_alignment(points)).copy()
    for x, y in TARGET:
        cv2.drawMarker(placed, (round(x), round(y)), WHITE, cv2.MARKER_CROSS, 9, 1)
    pictures = (seen, crop_face(rgb, face), placed, encoder_chip(rgb, points))
    return np.concatenate([_on_white(picture) for picture in pictures], axis=1)


def _frame(picture: Pixels, box: Box, colour: tuple[int, int, int]) -> None:
    left, top, right, bottom = box.rounded()
    cv2.rectangle(picture, (left, top), (right, bottom), colour, 1)


def _on_white(picture: Pixels) -> Pixels:
    """In the middle of a cell as high as the photo."""
    height, width = picture.shape[:2]
    cell = np.full((SIDE + GAP, width + GAP, 3), 255, np.uint8)
    top = (SIDE + GAP - height) // 2
    cell[top : top + height, GAP // 2 : GAP // 2 + width] = picture
    return cell


def main() -> None:
    """Draw docs/alignment.jpg."""
    whole = np.concatenate([row(person) for person in PEOPLE])
    path: Path = ROOT / "docs" / "alignment.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(whole, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, 88))
    print(f"written to {path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
