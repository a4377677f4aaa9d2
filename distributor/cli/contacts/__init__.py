"""The commands on contacts, outlets, sectors and objections."""
