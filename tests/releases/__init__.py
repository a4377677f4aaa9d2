"""Tests of reading and proving releases."""
