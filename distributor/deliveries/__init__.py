"""The ledger of deliveries and attempts."""
