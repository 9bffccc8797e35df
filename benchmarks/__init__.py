"""
Measurements of what the library costs, each run as ``python -m benchmarks.<name>``.

``import_time``: what importing costs, without and with the clients, beside the dependencies; exits 1 above a bound.
"""
