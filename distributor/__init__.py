"""Distributor sends press releases to journalists and proves what became of each one."""
