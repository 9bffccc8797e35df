"""
Measurements of what the library costs, each run as ``python -m benchmarks.<name>``.

``faults``: thousands of jobs through a lossy service, held against its ledger; exits 1 if a bad column is not zero.
``import_time``: what importing costs, without and with the clients, beside the dependencies; exits 1 above a bound.
``outage``: what a thousand waits and cancels send while their service is away, in virtual time; exits 1 if too much.
"""
