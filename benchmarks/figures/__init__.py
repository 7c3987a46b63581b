"""The tables of results in README.md and docs/, made from runs: `make figures`, `make figures ONLY=demo`.

    build/figures/store  -- makers.py --> docs/figures/NAME.md -- documents.py --> between the markers NAME

A document is never written by hand between its markers; tests/benchmarks/figures holds this.
"""
