"""The web part: the objection page, releases on the web, «is this ours?», webhooks. Parse, one call, answer."""
