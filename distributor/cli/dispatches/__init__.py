"""The commands on dispatches: watching them, halting them, going on with them."""
