"""Make datasets, bind them to their sites, name their branches and releases."""
