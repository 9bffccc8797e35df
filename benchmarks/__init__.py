"""
Measurements of what the library costs, each run as ``python -m benchmarks.<name>``.

``import_time``: what ``import asyncjobs`` costs beside its dependencies; exits 1 above the bound.
"""
