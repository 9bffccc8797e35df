"""``python -m asyncjobs``."""

from __future__ import annotations

from asyncjobs._cli import main

if __name__ == "__main__":
    main()
