"""One handle for every long-running remote job."""
