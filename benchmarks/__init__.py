"""Benchmarks: speed and accuracy of Lineup beside the usual alternatives.

    python -m benchmarks.bench                  engine and image stage: build/bench.json (`make bench`)
    python -m benchmarks.detectors FOLDER       recall and time of each detector on real photos
    python -m benchmarks.photos_per_task        images/s for each size of a message
    python -m benchmarks.alignment_picture      draws docs/alignment.jpg
    python -m benchmarks.grid [FOLDER]          all configurations through the queue and in a plain script
    python -m benchmarks.latency                time to name a face among 600 people (`make bench-grid` runs both)
    python -m benchmarks.recovery               time without work after a process dies (`make recovery`)
    python -m benchmarks.check_statistics       coverage of intervals, errors of claims (`make check-statistics`)
    python -m benchmarks.figures                the documents' tables of results (`make figures`)

Alternatives are measured in turns on the same photos. On a shared machine absolute figures drift by a third within
minutes; the ratio of two neighbouring measurements does not.
"""
