"""What the law wants of a base of people: to show one all that is held on them, to erase them, to review the old."""
