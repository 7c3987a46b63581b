"""Photos of people who do not exist, for the demo, the tests and benchmarks.

    draw_identity (the person) + draw_scene (the photo) ─▶ render ─▶ write_folder

No real biometric data is used. A score on these faces shows that the software works; it says nothing about a method.
"""

from workers.synthetic.identity import Identity, draw_identity
from workers.synthetic.photo_folder import person_name, write_folder
from workers.synthetic.render import render
from workers.synthetic.scene import Scene, draw_scene

__all__ = ["Identity", "Scene", "draw_identity", "draw_scene", "person_name", "render", "write_folder"]
