"""Paint the colours of a face without light and shadow: skin, lips, eyes, brows, nostrils, beard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.synthetic.identity import Colour, Identity
from workers.synthetic.scene import Scene
from workers.synthetic.surface import Field, Surface, around, bump, cut, inside

Picture = NDArray[np.float32]  # (3, side, side) RGB, 0 to 255

MOUTH_INSIDE: Colour = (58.0, 24.0, 26.0)
TEETH: Colour = (226.0, 220.0, 208.0)
EYE_WHITE: Colour = (226.0, 221.0, 216.0)
PUPIL: Colour = (12.0, 11.0, 11.0)


def solid(colour: Colour) -> Picture:
    """A colour as an array (3, 1, 1) float32, which broadcasts to a picture."""
    return np.array(colour, np.float32)[:, None, None]


def put(picture: Picture, colour: Picture, cover: Field) -> None:
    """Paint `colour` over `picture`, in place; `cover` (side, side) is 0 (transparent) to 1 (opaque)."""
    picture += (colour - picture) * cover


def paint_face(person: Identity, scene: Scene, surface: Surface, rng: np.random.Generator) -> Picture:
    """The colours of the face, (3, side, side) float32 RGB 0 to 255; pixels outside the face are skin."""
    face = _skin(person, surface, rng)
    if person.beard > 0.0:
        _beard(face, person, surface)
    _mouth(face, person, scene, surface)
    _nostrils(face, person, surface)
    for sign in (-1.0, 1.0):
        # an eye and its brow fill a fiftieth of the picture: painting that part alone saves a third of the time
        rows, columns = around(surface, (sign * person.eye_spacing, person.eye_height - 0.1), (0.28, 0.32))
        part, near = face[:, rows, columns], cut(surface, rows, columns)
        _eye(part, person, scene, near, sign)
        _brow(part, person, near, sign)
    return face


def _skin(person: Identity, surface: Surface, rng: np.random.Generator) -> Picture:
    """Skin with red cheeks and nose, pores, and a mole."""
    u, v = surface.u, surface.v
    skin = solid(person.skin)
    pores = 1.0 + 0.018 * rng.standard_normal(u.shape, dtype=np.float32)
    face: Picture = skin * pores
    tip = person.eye_height + person.nose_length
    flush = 0.5 * bump(np.abs(u), v, (0.4, 0.22), (0.2, 0.18)) + 0.4 * bump(u, v, (0.0, tip), (0.13, 0.1))
    put(face, skin * solid((1.02, 0.84, 0.82)), flush)
    put(face, skin * 0.45, 0.8 * inside(bump(u, v, person.mole, (0.02, 0.02)) * -2.0 + 2.0, 0.3))
    return face


def _beard(face: Picture, person: Identity, surface: Surface) -> None:
    """Beard and moustache, denser towards the chin."""
    u, v, mouth = surface.u, surface.v, person.mouth_height
    jaw = np.clip((surface.radius - 0.72) * 5.0, 0.0, 1.0) * np.clip((v - 0.22) * 5.0, 0.0, 1.0)
    chin = np.clip((v - mouth - 0.13) * 9.0, 0.0, 1.0)
    lip = 1.1 * bump(u, v, (0.0, mouth - 0.11), (person.mouth_width * 1.1, 0.05)) * person.moustache
    cover = np.clip(np.maximum(np.maximum(jaw, chin) * person.beard, lip), 0.0, 1.0)
    put(face, solid(person.hair), 0.8 * cover)


def _mouth(face: Picture, person: Identity, scene: Scene, surface: Surface) -> None:
    """Two lips that meet in a dark line, curved by the smile; teeth where the mouth is open."""
    reach = person.mouth_width * (1.0 + 1.2 * scene.smile)
    along = surface.u / reach
    line = person.mouth_height - scene.smile * (along**2 - 0.4)
    below = surface.v - line
    taper = np.sqrt(np.clip(1.0 - along**2, 0.0, 1.0))
    gap = scene.opening + np.float32(0.004)
    bow = 1.0 - 0.3 * np.exp(-((along / 0.13) ** 2))
    upper = person.lip_fullness * 0.85 * taper * bow + gap
    lower = person.lip_fullness * 1.25 * taper + gap
    lips = inside(np.where(below < 0.0, -below / upper, below / lower), 0.3) * (taper > 0.0)
    put(face, solid(person.lips), 0.8 * lips)
    hole = inside(np.abs(below) / (gap * taper + 0.012), 0.9) * (np.abs(along) < 1.0)
    put(face, solid(MOUTH_INSIDE), 0.85 * hole)
    if scene.opening > 0.02:
        put(face, solid(TEETH), 0.8 * inside(np.abs(below + gap * 0.35) / (gap * 0.5 * taper + 1e-3), 0.5))


def _nostrils(face: Picture, person: Identity, surface: Surface) -> None:
    tip = person.eye_height + person.nose_length
    holes = bump(np.abs(surface.u), surface.v, (person.nose_width * 0.52, tip + 0.06), (0.038, 0.02))
    put(face, solid(person.skin) * 0.2, 0.75 * holes)


def _eye(face: Picture, person: Identity, scene: Scene, surface: Surface, sign: float) -> None:
    """White, iris, pupil, reflection and lid line; `sign` is -1 for the left eye of the picture, 1 for the right."""
    size = person.eye_size
    u = surface.u - sign * person.eye_spacing
    v = surface.v - person.eye_height + sign * person.eye_tilt * u
    open_ = 0.056 * size * scene.lids
    almond = np.abs(v) / np.maximum(open_ * (1.0 - (u / (0.125 * size)) ** 2), 1e-3)
    white = inside(almond, 0.35) * (np.abs(u) < 0.125 * size)
    put(face, solid(EYE_WHITE), white)
    from_iris = np.sqrt((u - scene.gaze) ** 2 + v**2) / (0.054 * size)
    put(face, solid(person.iris), white * inside(from_iris, 0.25))
    put(face, solid(PUPIL), white * inside(from_iris / 0.45, 0.4))
    put(face, solid((250.0, 250.0, 250.0)), 0.9 * white * bump(u, v, (0.018, -0.02), (0.012, 0.012)))
    arch = -open_ * (1.0 - (u / (0.135 * size)) ** 2)
    ends = ((u / (0.13 * size)) ** 2) ** 2
    lash = np.exp(-(((v - arch) / 0.018) ** 2) - ends)
    put(face, solid(person.skin) * 0.22, 0.8 * lash)
    crease = np.exp(-(((v - arch + 0.05) / 0.016) ** 2) - ends)
    put(face, solid(person.skin) * 0.6, 0.5 * crease)


def _brow(face: Picture, person: Identity, surface: Surface, sign: float) -> None:
    """A band of hair, thick at the nose and thin at the temple."""
    outwards = sign * surface.u - person.eye_spacing
    line = person.eye_height - person.brow_height - person.brow_tilt * outwards + 1.3 * outwards**2
    thickness = person.brow_thickness * (1.0 - 1.4 * outwards)
    band = np.exp(-(((surface.v - line) / np.maximum(thickness, 0.008)) ** 2) - ((outwards / 0.185) ** 2) ** 3)
    put(face, solid(person.hair) * 0.85, 0.85 * band)
