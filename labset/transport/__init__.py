"""How requests and bytes travel: to Labset with the token, to sites without it."""
