"""OAuth 2 and OpenID Connect: codes for tokens, rotating refresh tokens, who somebody is."""
