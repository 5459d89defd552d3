"""How fast this package reads, beside the least that any reader must do and beside other readers.

`python -m benchmarks` runs everything; README.md says how it is measured and what came out.
"""
