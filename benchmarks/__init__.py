"""What Lineup's image stage costs, measured beside what people use today.

    python -m benchmarks.bench              the whole: build/bench.json (`make bench`)
    python -m benchmarks.detectors FOLDER   recall and cost of each detector on real photos
    python -m benchmarks.batches            the curve of photos_per_task
    python -m benchmarks.picture            the picture of docs/engine.md
    python -m benchmarks.grid [FOLDER]      all configurations through the queue and in one plain script
    python -m benchmarks.latency            one face among 600 people (`make bench-grid` is both)

Everything that is compared is measured in turns on the same photos: a machine that others use drifts by a third
within minutes, a ratio of neighbours does not.
"""
