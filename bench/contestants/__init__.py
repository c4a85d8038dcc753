"""Labset's client and its peers: each publishes a folder and gets it back."""
