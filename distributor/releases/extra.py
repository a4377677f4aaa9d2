"""The keys under which a release keeps in `extra` what has no column of its own."""

from __future__ import annotations

ATTACHMENTS_LINK, CHANGES, EVENT, NOTES = "attachments_link", "changes", "event", "notes"
CHANGES_SINCE = "changes_since"
OWN_EXTRA = frozenset({CHANGES, CHANGES_SINCE, EVENT, NOTES})
"""The keys of `extra` that messages lay out themselves: Markdown, a mapping of date, place and rsvp, list → note."""

CONTACT_NOTES = "press_contact_notes"
"""The key of `extra` for lines of a press contact block that are no name, role, desk, number or address."""
