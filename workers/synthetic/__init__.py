"""Faces of people who do not exist, for the demonstration, the tests and the load.

    draw_identity (who)  +  draw_scene (this photo)  ->  render  ->  write_folder

Nobody's biometric data is needed, and nothing here is learnt from anybody's. What a method scores on these
faces says that the machinery works, not how well the method knows people.
"""

from workers.synthetic.identity import Identity, draw_identity
from workers.synthetic.photo_folder import person_name, write_folder
from workers.synthetic.render import render
from workers.synthetic.scene import Scene, draw_scene

__all__ = ["Identity", "Scene", "draw_identity", "draw_scene", "person_name", "render", "write_folder"]
