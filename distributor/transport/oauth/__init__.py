"""OAuth2: access tokens from Microsoft and Google, for accounts and mailboxes that take no password (XOAUTH2)."""
