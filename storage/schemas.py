"""The tables: columns, types and what each means.

What is measured (seconds, hosts, attempts) lives apart from what is computed, so that every computed table is the same
to the byte however often and in whatever order the work was done, where versions and processor are the same.

    computed                                    measured
    catalog   what is labelled what
    faces     a photo's faces                   efforts   what each photo cost, and where
    embeddings  the faces by another encoder
    splits    which face plays which role
    scores    a prediction a row                fits      what each training cost, latency, learning curve
                                                comparison both, a row a configuration
finding_schemas.py has the tables beside splits and comparison, which the report shows.
"""

from __future__ import annotations

import pyarrow as pa

SCHEMA_VERSION = 2
READABLE_VERSIONS = (1, 2)
"""Version 1 copied the pictures of faces into the table of every run; otherwise the columns are the same."""

EMBEDDING_SIZE = 128
LANDMARKS = 68
CHIP_SIDE = 128
"""Side in pixels of the crop and aligned views, as the mission fixes it."""

OUTCOMES = (
    "ok",
    "no_face",
    "several_faces",
    "unreadable",
    "too_large",
    "too_small",
    "timed_out",
    "poisoned",
)
EXCLUDED = "excluded"
"""Outcome of a catalogue row that its owner leaves out (`--corrections`); it is not submitted and counts nowhere."""
ROLES = ("train", "test", "calibrate", "unknown")

_word = pa.dictionary(pa.int32(), pa.string())

CATALOG = pa.schema(
    [
        pa.field("photo_key", pa.string(), nullable=False),  # sha256 of the file's bytes, hex
        pa.field("path", pa.string(), nullable=False),  # relative to the dataset's root, '/' between parts
        pa.field("label", _word, nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("width", pa.int32()),  # upright pixels; null where the header cannot be read
        pa.field("height", pa.int32()),
        pa.field("format", _word),
        pa.field("orientation", pa.int8()),  # EXIF, 1-8
        pa.field("duplicate_group", pa.int32(), nullable=False),  # equal bytes: one group, numbered by first path
        pa.field("outcome", _word, nullable=False),  # ok, EXCLUDED, or why the photo is not submitted at all
        pa.field("reason", pa.string(), nullable=False),
        pa.field("group", pa.string()),  # of the labels file: scene, film, date; never on both sides of a split
        pa.field("subgroup", pa.string()),  # of the labels file: results are told for each
    ]
)

KNOWN_FILES = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),  # of a photo, relative to the dataset
        pa.field("size", pa.int64(), nullable=False),  # bytes, as the folder or the object store lists it
        pa.field("version", pa.string(), nullable=False),  # when it was changed, or the object's ETag
        *(CATALOG.field(name) for name in ("photo_key", "bytes", "width", "height", "format", "orientation")),
        *(CATALOG.field(name) for name in ("outcome", "reason")),
    ]
)
"""Files of a dataset that were read before (storage/known_files.py): the columns of a catalogue that bytes decide."""

FACES = pa.schema(
    [
        pa.field("photo_key", pa.string(), nullable=False),
        pa.field("face_index", pa.int16(), nullable=False),  # 0.. by falling area or centrality; 0 in a failure's row
        pa.field("outcome", _word, nullable=False),
        pa.field("reason", pa.string(), nullable=False),  # empty where ok
        pa.field("note", pa.string(), nullable=False),  # retry-ladder rung, similarity fallback...; may be empty
        pa.field("detector", _word, nullable=False),
        pa.field("score", pa.float32()),  # the detector's own scale
        pa.field("left", pa.int32()),  # upright pixels of the full photo; right and bottom are inclusive
        pa.field("top", pa.int32()),
        pa.field("right", pa.int32()),
        pa.field("bottom", pa.int32()),
        pa.field("landmarks", pa.list_(pa.float32(), 2 * LANDMARKS)),  # x0 y0 ..., upright pixels; or null
        pa.field("crop", pa.binary()),  # JPEG, CHIP_SIDE x CHIP_SIDE, RGB
        pa.field("aligned", pa.binary()),  # JPEG, CHIP_SIDE x CHIP_SIDE, RGB; null with five_points
        pa.field("embedding", pa.list_(pa.float32(), EMBEDDING_SIZE)),
        pa.field("turned", pa.float32()),  # degrees counter-clockwise by which it was turned upright, -180 to 180; or 0
        pa.field("five_points", pa.list_(pa.float32(), 10)),  # under `landmarks = "5"`, where two columns are null
        pa.field(
            "photo_faces", pa.int16()
        ),  # faces found before the choice; small ones beside a large one may be missed
        pa.field("chosen", _word),  # why this one: only (found), largest, central, every; further (under consistent)
    ]
)

PICTURES = ("crop", "aligned")
RUN_FACES = pa.schema([field for field in FACES if field.name not in PICTURES])
"""The faces of one run: the pictures stay in the encodings (FACES), where storage/face_pictures.py finds them."""

ENROLLED = pa.schema(
    [
        pa.field("label", pa.string(), nullable=False),  # the person
        pa.field("photo_key", pa.string(), nullable=False),  # sha256 of the file's bytes, hex
        pa.field("path", pa.string(), nullable=False),  # of the photo when it was enrolled
        pa.field("crop", pa.binary(), nullable=False),  # as of FACES, which has the meanings of these three
        pa.field("aligned", pa.binary()),
        pa.field("embedding", pa.list_(pa.float32(), EMBEDDING_SIZE), nullable=False),
        pa.field("encoders", pa.list_(pa.string()), nullable=False),  # names of further encoders
        pa.field("measured", pa.list_(pa.list_(pa.float32())), nullable=False),  # the embedding by each of them
    ]
)
"""Faces of people who were added to a finished run's models (`lineup enroll`), a part for each person."""

EMBEDDINGS = pa.schema(
    [
        pa.field("photo_key", pa.string(), nullable=False),
        pa.field("face_index", pa.int16(), nullable=False),  # of FACES; 0 for the row of a photo without a face
        pa.field("embedding", pa.list_(pa.float32())),  # of one encoder, all equally long; null without a face
    ]
)
"""The measurements by an encoder other than the face engine's own: a table for each encoder."""

EFFORTS = pa.schema(
    [
        pa.field("photo_key", pa.string(), nullable=False),
        pa.field("seconds", pa.map_(pa.string(), pa.float32()), nullable=False),  # by step: read, detect, ...
        pa.field("attempt", pa.int16(), nullable=False),  # 1 for the first
        pa.field("worker", _word, nullable=False),
        pa.field("finished", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("environment", _word),  # versions and processor, which decide the last bits; null before it was noted
    ]
)

SPLITS = pa.schema(
    [
        pa.field("repeat", pa.int16(), nullable=False),
        pa.field("fold", pa.int16(), nullable=False),  # under k-shot: the place in Protocol.shots
        pa.field("photo_key", pa.string(), nullable=False),
        pa.field("face_index", pa.int16(), nullable=False),
        pa.field("label", _word, nullable=False),
        pa.field("group", pa.int32(), nullable=False),  # duplicates share one, and are on one side of a split
        pa.field("role", _word, nullable=False),  # one of ROLES
        pa.field("chosen", _word),  # why this face of its photo: only, central, consistent; null under other policies
    ]
)

SCORES = pa.schema(
    [
        pa.field("configuration", _word, nullable=False),
        pa.field("repeat", pa.int16(), nullable=False),
        pa.field("fold", pa.int16(), nullable=False),
        pa.field("photo_key", pa.string(), nullable=False),
        pa.field("face_index", pa.int16(), nullable=False),
        pa.field("role", _word, nullable=False),  # test, calibrate or unknown: never train
        pa.field("truth", _word, nullable=False),
        pa.field("predicted", _word, nullable=False),
        pa.field("top_labels", pa.list_(pa.string()), nullable=False),  # five at most, best first
        pa.field("top_scores", pa.list_(pa.float32()), nullable=False),  # their probabilities
        pa.field("truth_probability", pa.float32(), nullable=False),  # 0 where the truth was never trained
        pa.field("known_score", pa.float32(), nullable=False),  # minus the distance to the best person's nearest faces
        pa.field("stranger_score", pa.float32()),  # the same, were the true person not trained; null but for test
    ]
)

FITS = pa.schema(
    [
        pa.field("configuration", _word, nullable=False),
        pa.field("repeat", pa.int16(), nullable=False),
        pa.field("fold", pa.int16(), nullable=False),
        pa.field("outcome", _word, nullable=False),  # ok | failed
        pa.field("reason", pa.string(), nullable=False),
        pa.field("train_accuracy", pa.float32()),
        pa.field("fit_first_seconds", pa.float32()),  # the first fit, with what its process had to import and compile
        pa.field("fit_seconds", pa.float32()),  # warm; the median of `warm_fits`, or the first where there is none
        pa.field("fit_least_seconds", pa.float32()),  # the shortest of them
        pa.field("fit_cpu_seconds", pa.float32()),  # processor time, of all threads; the median of them
        pa.field("warm_fits", pa.int16()),  # up to 3; 0 where the first took too long to be done again
        pa.field("predict_microseconds", pa.list_(pa.float32())),  # from the view to the name: one face a call, warm
        pa.field("encoder_microseconds", pa.float32()),  # a face through an own encoder; 0 with the engine's alone
        pa.field("model_bytes", pa.int64()),
        pa.field("chosen", pa.string(), nullable=False),  # JSON: hyper-parameters chosen inside the training fold
        pa.field("history", pa.string(), nullable=False),  # JSON: {"loss": [...], "val_loss": [...]}; networks only
        pa.field("host", _word, nullable=False),
        pa.field("cores", pa.int16()),  # that the process may use
        pa.field("load", pa.float32()),  # of the host over one minute, when the fit began
        pa.field("finished", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("draw_accuracies", pa.list_(pa.float32())),  # on the hold-out's draws 1, 2, ...; not of networks
        pa.field("environment", _word),  # as of EFFORTS
    ]
)

COMPARISON = pa.schema(
    [
        pa.field("configuration", pa.string(), nullable=False),
        pa.field("view", _word, nullable=False),  # crop | aligned | embedding | none
        pa.field("rank", pa.int16(), nullable=False),  # 1 is best, by hits; equal counts share a rank (1, 1, 3)
        pa.field("outcome", _word, nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("test_faces", pa.int32(), nullable=False),
        pa.field("hits", pa.int64(), nullable=False),  # right answers, over all repeats
        pa.field("answers", pa.int64(), nullable=False),
        pa.field("accuracy", pa.float64()),  # hits / answers
        pa.field("accuracy_low", pa.float64()),  # 95 %, as in all columns _low and _high; docs/statistics.md says how
        pa.field("accuracy_high", pa.float64()),
        pa.field("end_to_end_accuracy", pa.float64()),  # photos without a usable face count as wrong
        pa.field("end_to_end_low", pa.float64()),
        pa.field("end_to_end_high", pa.float64()),
        pa.field("train_accuracy", pa.float64()),
        pa.field("balanced_accuracy", pa.float64()),
        pa.field("balanced_accuracy_low", pa.float64()),
        pa.field("balanced_accuracy_high", pa.float64()),
        pa.field("macro_f1", pa.float64()),
        pa.field("macro_f1_low", pa.float64()),
        pa.field("macro_f1_high", pa.float64()),
        pa.field("top3_accuracy", pa.float64()),
        pa.field("top3_accuracy_low", pa.float64()),
        pa.field("top3_accuracy_high", pa.float64()),
        pa.field("log_loss", pa.float64()),
        pa.field("log_loss_low", pa.float64()),
        pa.field("log_loss_high", pa.float64()),
        pa.field("calibration_error", pa.float64()),
        pa.field("calibration_error_low", pa.float64()),
        pa.field("calibration_error_high", pa.float64()),
        pa.field("dir_at_far", pa.float64()),  # open set only
        pa.field("dir_low", pa.float64()),
        pa.field("dir_high", pa.float64()),
        pa.field("far", pa.float64()),
        pa.field("far_low", pa.float64()),
        pa.field("far_high", pa.float64()),
        pa.field("open_set_threshold", pa.float64()),
        pa.field("fit_first_seconds", pa.float64()),  # the largest over splits: it shows imports and compilation
        pa.field("fit_seconds", pa.float64()),  # warm; median over splits
        pa.field("fit_least_seconds", pa.float64()),  # the shortest of all warm fits
        pa.field("fit_cpu_seconds", pa.float64()),  # median over splits
        pa.field("latency_least_ms", pa.float64()),  # from the view of a face to its name, warm, one face a call
        pa.field("latency_p50_ms", pa.float64()),
        pa.field("latency_p95_ms", pa.float64()),
        pa.field("photo_to_name_ms", pa.float64()),  # a photo's median steps, an own encoder, latency_p50_ms
        pa.field("hosts", pa.list_(pa.string()), nullable=False),  # where the times of fits and latency come from
        pa.field("photo_hosts", pa.list_(pa.string()), nullable=False),  # where the times of the steps come from
        pa.field("model_bytes", pa.int64()),
        pa.field("practically_equal_to", pa.list_(pa.string()), nullable=False),
        pa.field("outside_family", pa.string(), nullable=False),  # why it is not in the family of tests; or empty
        pa.field("recommended", pa.bool_(), nullable=False),  # one at most; compare/recommendation.py has the rule
        pa.field("decided_by", pa.string(), nullable=False),  # the step of the rule that decided; one of REASONS there
        pa.field("excluded_because", pa.string(), nullable=False),  # why it can never be recommended; may be empty
    ]
)

TABLES = {
    "catalog": CATALOG,
    "faces": RUN_FACES,
    "embeddings": EMBEDDINGS,
    "efforts": EFFORTS,
    "splits": SPLITS,
    "scores": SCORES,
    "fits": FITS,
    "comparison": COMPARISON,
}
