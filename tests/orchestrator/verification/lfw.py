"""Synthetic people in the layout of Labeled Faces in the Wild, and a pairs.txt for them."""

from __future__ import annotations

import random
from pathlib import Path

from workers.synthetic.photo_folder import write_folder


def write_people(folder: Path, people: int, photos: int, side: int = 150) -> list[str]:
    """Write NAME/NAME_0001.jpg, ... and return the names."""
    write_folder(folder, people, photos, seed=11, side=side)
    for path in folder.glob("*/*.jpg"):
        name, number = path.stem.rsplit("-", 1)
        path.rename(path.with_name(f"{name}_{int(number):04d}.jpg"))
    return sorted(path.name for path in folder.iterdir())


def pairs_text(names: list[str], photos: int, folds: int, size: int) -> str:
    """`folds` folds of `size` pairs of one person and `size` of two; people of a fold are in no other, as in LFW."""
    draw = random.Random(5)
    lines = [f"{folds}\t{size}"]
    for fold in range(folds):
        mine = names[fold::folds]
        for _ in range(size):
            first, second = draw.sample(range(1, photos + 1), 2)
            lines.append(f"{draw.choice(mine)}\t{first}\t{second}")
        for _ in range(size):
            one, other = draw.sample(mine, 2)
            lines.append(f"{one}\t{draw.randint(1, photos)}\t{other}\t{draw.randint(1, photos)}")
    return "\n".join(lines) + "\n"
