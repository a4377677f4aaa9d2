"""What a journalist receives: body, headers, MIME, templates."""
