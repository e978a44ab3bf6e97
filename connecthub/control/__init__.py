"""Everything a person may do, each act checked and audited."""
