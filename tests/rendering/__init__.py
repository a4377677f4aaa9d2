"""Tests of what a journalist receives."""
