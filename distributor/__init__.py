"""Distributor sends press releases to journalists and proves what became of each one."""

__version__ = "0.1.0"
