"""Format the answers of `video` and `live`: a table and a summary for the terminal, plain values for JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from orchestrator.inference.format_names import face_as_json, model_facts, name_cells, named_as_json
from orchestrator.inference.tracks import Appearance
from orchestrator.inference.video import VideoAnswer
from orchestrator.inference.video_copy import KEPT, NONE
from orchestrator.text import aligned_columns, counted, printable
from workers.recognition.recogniser import Recogniser

VIDEO_COLUMNS = ("from", "to", "name", "likeness", "votes")


def video_lines(answer: VideoAnswer, needed: float | None) -> list[str]:
    """The table of a video: a line for each time that somebody is in sight, in the order of coming.

    Args:
        needed: the likeness from which a face is known, 0 to 100 %; None where every face gets a name.
    """
    return aligned_columns([VIDEO_COLUMNS, *(_appearance_cells(one, needed) for one in answer.appearances)])


def appearance_line(one: Appearance, needed: float | None) -> str:
    """One line of that table by itself, as a camera or stream gives it."""
    begin, end, name, likeness, votes = _appearance_cells(one, needed)
    return f"{begin} to {end}  {name}  {likeness}  ({votes} votes)"


def video_summary(answer: VideoAnswer) -> list[str]:
    """Counts and speed, what is wrong with the file, and what became of the sound."""
    votes = sum(track.votes for track in answer.tracks)
    lines = [
        f"{counted(len(answer.frames), 'frame')}, {counted(len(answer.tracks), 'track')} of faces that were named "
        f"{counted(votes, 'time')}, in {answer.seconds:.1f} s: {answer.frames_per_second:.1f} frames/s "
        f"(the video has {answer.rate:.4g})."
    ]
    if not answer.tracks:
        lines.append("No face was found.")
    if answer.missing:
        lines.append(f"The file is cut short: it promises {counted(answer.missing, 'byte')} more than it has.")
    if answer.damage:
        lines.append(
            f"The file is damaged: the decoder reported {counted(answer.damage, 'error')}. "
            "Frames may be incomplete, and faces in them missing."
        )
    if answer.copy and answer.sound not in (KEPT, NONE):
        lines.append(f"The copy has no sound: {printable(answer.sound)}.")
    return lines


def video_as_json(answer: VideoAnswer, recogniser: Recogniser) -> dict[str, Any]:
    """The answer, as `--json` prints it: appearances, tracks, and the faces of every frame."""
    return {
        "model": model_facts(recogniser),
        "path": str(answer.path),
        "rate": answer.rate,
        "missing_bytes": answer.missing,
        "decoder_errors": answer.damage,
        "seconds": answer.seconds,
        "frames_per_second": answer.frames_per_second,
        "copy": str(answer.copy) if answer.copy else None,
        "sound": answer.sound or None,
        "appearances": [asdict(one) for one in answer.appearances],
        "tracks": [
            {"track": track.number, "votes": track.votes, **named_as_json(track.named)} for track in answer.tracks
        ],
        "frames": [
            {
                "frame": frame.number,
                "second": frame.second,
                "faces": [
                    {"track": track, **face_as_json(face)}
                    for track, face in zip(frame.tracks, frame.faces, strict=True)
                ],
            }
            for frame in answer.frames
        ],
    }


def appearance_as_json(one: Appearance) -> str:
    """One JSON object in a line."""
    return json.dumps(asdict(one))


def _appearance_cells(one: Appearance, needed: float | None) -> tuple[str, ...]:
    name, likeness = name_cells(one.name, one.nearest, one.likeness, needed)
    return f"{one.begin:.2f} s", f"{one.end:.2f} s", name, likeness, str(one.votes)
