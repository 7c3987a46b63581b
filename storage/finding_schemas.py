"""Schemas of what is found while a run is split and compared: the report shows it, DuckDB can read it.

beside splits       near_duplicates, left_out, encoder_overlap
beside comparison   pairs, people, reliability, open_set, open_set_curve, operating_points, selection,
                    k_shot, subgroups, draws, end_to_end, suspects
"""

from __future__ import annotations

import pyarrow as pa

from storage.schemas import COMPARISON, SPLITS


def _required(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


NEAR_DUPLICATES = _required(
    first=pa.string(),  # photo_key; two faces of one person in different pictures
    first_face=pa.int16(),
    second=pa.string(),
    second_face=pa.int16(),
    by_hash=pa.bool_(),  # found by the perceptual hash of the crop
    by_embedding=pa.bool_(),  # found by the distance of the embeddings
)
LEFT_OUT = pa.schema(
    [
        pa.field("reason", pa.string(), nullable=False),  # one of LEFT_OUT_REASONS
        pa.field("label", pa.string()),  # a person without part in any split; null for several_names
        pa.field("groups", pa.int32()),  # different pictures with a face; of untrained: splits; null for several_names
        pa.field("photo_key", pa.string()),  # a picture under several people's names; null for people
    ]
)
LEFT_OUT_REASONS = ("too_few_photos", "no_face", "one_group", "untrained", "several_names")
ENCODER_OVERLAP = _required(
    encoder=pa.string(),  # the experiment's name for an encoder of our own
    run=pa.string(),  # that trained it
    people=pa.int32(),  # who are compared
    named=pa.int32(),  # of them, how many bear the name of a person that it was trained on
    photos=pa.int32(),  # scored photos that it was trained on
)
PAIRS = pa.schema(
    [
        pa.field("first", pa.string(), nullable=False),  # configuration; pairs in the order of the comparison
        pa.field("second", pa.string(), nullable=False),
        pa.field("difference", pa.float64(), nullable=False),  # accuracy of the first minus that of the second
        pa.field("low", pa.float64(), nullable=False),  # 95 %, of the difference
        pa.field("high", pa.float64(), nullable=False),
        pa.field("only_first", pa.int32(), nullable=False),  # faces that only this one names rightly, first repeat
        pa.field("only_second", pa.int32(), nullable=False),
        pa.field("p_first_better", pa.float64(), nullable=False),  # probability: better by more than one point
        pa.field("p_same", pa.float64(), nullable=False),  # probability: they differ by one point at most
        pa.field("p_second_better", pa.float64(), nullable=False),
        pa.field("p_holm", pa.float64()),  # McNemar's exact test, Holm-corrected over the family; null outside of it
        pa.field("p_maxt", pa.float64()),  # max-T permutation; null but for the recommended one against the family
    ]
)
PEOPLE = _required(
    configuration=pa.string(),
    label=pa.string(),
    faces=pa.int32(),  # test faces of the first repeat
    recall=pa.float64(),
    low=pa.float64(),  # 95 %, Jeffreys; the lowest recall first
    high=pa.float64(),
)
RELIABILITY = _required(
    configuration=pa.string(),
    bin=pa.int16(),  # equally wide, numbered from 0; empty ones have no row
    faces=pa.int32(),
    confidence=pa.float64(),  # mean of the bin
    accuracy=pa.float64(),
)
OPEN_SET = _required(
    configuration=pa.string(),
    dir=pa.float64(),  # known faces accepted and rightly named
    dir_low=pa.float64(),  # 95 %; people are the unit
    dir_high=pa.float64(),
    far=pa.float64(),  # unknown people's faces accepted
    far_low=pa.float64(),
    far_high=pa.float64(),
    aim=pa.float64(),  # allowed on the calibration faces
    threshold=pa.float64(),  # median over splits; a face is accepted from it upwards
    calibrate_people=pa.int32(),  # choose the threshold
    calibrate_faces=pa.int32(),
    unknown_people=pa.int32(),  # test it
    unknown_faces=pa.int32(),
)
OPEN_SET_CURVE = _required(
    configuration=pa.string(),
    far=pa.float64(),  # from 1 / unknown faces: less cannot be claimed
    dir=pa.float64(),  # OSCR: accepted and rightly named
    miss=pa.float64(),  # DET: known faces rejected
)
OPERATING_POINTS = pa.schema(
    [
        pa.field("configuration", pa.string(), nullable=False),
        pa.field("threshold", pa.float64()),  # known_score from which a face is accepted; null where nothing chose it
        pa.field("threshold_likeness", pa.float64()),  # the same as people read it, 0 to 100 %
        pa.field("known_named", pa.float64()),  # share of known_faces that are accepted and rightly named
        pa.field("known_low", pa.float64()),  # 95 %, people are the unit, as in all intervals here
        pa.field("known_high", pa.float64()),
        pa.field("turned_away", pa.float64()),  # share of known_faces below the threshold
        pa.field("turned_away_low", pa.float64()),
        pa.field("turned_away_high", pa.float64()),
        pa.field("strangers_in", pa.float64()),  # share of stranger_faces at or above the threshold
        pa.field("strangers_low", pa.float64()),
        pa.field("strangers_high", pa.float64()),
        pa.field("known_faces", pa.int32(), nullable=False),  # distinct held-out faces; repeats are averaged
        pa.field("known_people", pa.int32(), nullable=False),
        pa.field("stranger_faces", pa.int32(), nullable=False),  # the same people in turn, and role `unknown`
        pa.field("stranger_people", pa.int32(), nullable=False),
        pa.field("worst_person", pa.string(), nullable=False),  # the largest share turned away; empty without faces
        pa.field("worst_turned_away", pa.float64(), nullable=False),  # faces; a mean over repeats
        pa.field("worst_faces", pa.int32(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),  # what chose the threshold, in words
    ]
)
SELECTION = pa.schema(
    [
        pa.field("configuration", pa.string(), nullable=False),
        pa.field("repeat_deviation", pa.float64()),  # of the accuracy, over repeats; null for one
        pa.field("wins", pa.float64()),  # share of redraws in which it is the best; null where nothing is chosen
        pa.field("chosen_accuracy", pa.float64()),  # of the best on faces that did not choose it; equal in all rows
        pa.field("chosen_low", pa.float64()),  # 95 %, Jeffreys
        pa.field("chosen_high", pa.float64()),
    ]
)
K_SHOT = pa.schema(
    [
        pa.field("configuration", pa.string(), nullable=False),
        pa.field("shots", pa.int16(), nullable=False),  # training photos a person
        pa.field("people", pa.int32(), nullable=False),  # who have enough photos for it
        pa.field("test_faces", pa.int32(), nullable=False),  # distinct, over all repeats
        pa.field("accuracy", pa.float64()),  # over all repeats; null, as the rest, where the configuration failed
        pa.field("low", pa.float64()),  # 95 %, over the test faces
        pa.field("high", pa.float64()),
        pa.field("repeat_deviation", pa.float64()),  # of the accuracy: other photos train in each repeat
    ]
)
SUBGROUPS = pa.schema(
    [
        pa.field("configuration", pa.string(), nullable=False),
        pa.field("subgroup", pa.string(), nullable=False),  # of the labels file; empty for photos without one
        pa.field("faces", pa.int32(), nullable=False),  # distinct test faces
        pa.field("accuracy", pa.float64()),  # null without a test face
        pa.field("low", pa.float64(), nullable=False),  # 95 %
        pa.field("high", pa.float64(), nullable=False),
        pa.field("photos", pa.int32(), nullable=False),  # distinct, of the whole catalogue
        pa.field("without_face", pa.int32(), nullable=False),  # of them, those that gave no usable face
    ]
)
DRAWS = _required(
    configuration=pa.string(),  # fitted on every draw; networks are not
    draws=pa.int16(),  # of the hold-out, the run's own among them
    best=pa.int16(),  # in how many no other of these configurations has a higher accuracy
    alone=pa.int16(),  # in how many every other one has a lower
    accuracy=pa.float64(),  # mean over draws
    least=pa.float64(),
    most=pa.float64(),
)
END_TO_END = _required(
    label=pa.string(),  # a person whose photos count end to end
    photos=pa.int32(),  # distinct, readable or not
    with_face=pa.int32(),  # of them, those that gave a usable face
    dropped=pa.bool_(),  # takes no part since too few photos gave a face: all of them are wrong answers
)
SUSPECTS = _required(
    rank=pa.int32(),  # 1 has the largest margin
    photo_key=pa.string(),
    face_index=pa.int16(),
    path=pa.string(),  # the photo's first in the catalogue
    label=pa.string(),  # as the catalogue says
    suggested=pa.string(),  # the person whose faces are nearer than those of the label
    margin=pa.float64(),  # own_distance - other_distance, above 0: a face without a margin has no row
    own_distance=pa.float64(),  # mean distance of the embeddings to the nearest half of the label's other faces
    other_distance=pa.float64(),  # the same to the suggested person
    nearest_own=pa.list_(pa.string()),  # photo keys of the nearest faces of the label, nearest first
    nearest_own_face=pa.list_(pa.int16()),  # and their face_index
    nearest_other=pa.list_(pa.string()),  # of the suggested person
    nearest_other_face=pa.list_(pa.int16()),
    reason=pa.string(),  # a sentence
)

SPLIT_TABLES = {
    "near_duplicates": NEAR_DUPLICATES,
    "left_out": LEFT_OUT,
    "encoder_overlap": ENCODER_OVERLAP,
    "splits": SPLITS,
}
"""Tables of a run that are written together, in this order: the last one means that they are done."""

COMPARISON_TABLES = {
    "pairs": PAIRS,
    "people": PEOPLE,
    "reliability": RELIABILITY,
    "open_set": OPEN_SET,
    "open_set_curve": OPEN_SET_CURVE,
    "operating_points": OPERATING_POINTS,
    "selection": SELECTION,
    "k_shot": K_SHOT,
    "subgroups": SUBGROUPS,
    "draws": DRAWS,
    "end_to_end": END_TO_END,
    "suspects": SUSPECTS,
    "comparison": COMPARISON,
}
"""The same of the comparison."""
