"""What a cell and a row mean: names, addresses, languages, codes, objections; every cleaning told."""
