"""The nouns: frozen values that are right once they exist."""
