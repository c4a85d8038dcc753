"""The pages of assets: search, make, look at, compare, change."""
