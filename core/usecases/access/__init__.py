"""Who may do what: the doors that everything else goes through."""
