"""Whether every kind of site, and the fake, keeps what `Objects` promises."""
