"""The plain script of `benchmarks.grid`: train every configuration of a run, one after the other, in this process.

python -m benchmarks.grid_plain STORE RUN script|plain|plain-1
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import keras_fit
from storage.parts import part_path, read_part, table_of
from storage.runs import open_run
from storage.schemas import SCORES, SPLITS
from storage.tables import read_table
from workers.cores import usable_cores
from workers.jobs.load_faces import faces_by_encoder
from workers.jobs.part_names import training_part
from workers.learning.configurations import RUN_ENCODER, find_configuration
from workers.learning.evaluation import evaluate
from workers.learning.networks import fit_networks as networks
from workers.learning.seeds import seed_of


def main() -> None:
    """Fit and score all configurations; `plain-1` also compares the scores with those that the queue stored."""
    store, run_id, lap = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    run = open_run(store, run_id)
    if lap != "plain-1":
        use_library_defaults()
    if lap == "script":
        vars(networks)["train_network"] = keras_fit.train_network
    threads = 1 if lap == "plain-1" else usable_cores()
    faces = faces_by_encoder(run, RUN_ENCODER)
    rows = read_table(run.splits, SPLITS).to_pylist()
    seed = run.plan.experiment.seed
    changes = run.plan.experiment.parameters
    others = []
    for name in run.plan.experiment.configurations:
        configuration = find_configuration(name).with_parameters(**changes.get(name, {}))
        found = evaluate(configuration, faces, rows, seed_of(seed, name, 0, 0), threads)
        part = part_path(run.scores, training_part(run.plan.fingerprint, name, 0, 0))
        if lap == "plain-1" and not (part.exists() and table_of(found.scores, SCORES).equals(read_part(part, SCORES))):
            others.append(name)
    if lap == "plain-1":
        count = len(run.plan.experiment.configurations)
        print(f"{count - len(others)} of {count} configurations score the same bits as in the queue's workers")
        if others:
            print(f"others: {', '.join(others)}")


def use_library_defaults() -> None:
    """Undo Lineup's settings of TensorFlow: one thread a core, kernels that need not be deterministic."""
    from workers.learning.networks.keras_runtime import load_keras

    load_keras()
    import tensorflow as tf
    from tensorflow.python.framework import config

    tf.config.threading.set_intra_op_parallelism_threads(0)
    tf.config.threading.set_inter_op_parallelism_threads(0)
    config.disable_op_determinism()


if __name__ == "__main__":
    main()
