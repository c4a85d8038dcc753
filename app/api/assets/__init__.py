"""The routes of the asset database and its registry, as their seed has them."""
