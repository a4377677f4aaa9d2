"""The contact base: importing, merging, press lists, objections."""
