"""One exam per port, sat by fake and real."""
