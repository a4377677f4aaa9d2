"""The commands on a workspace as a whole: made, shown, examined, copied."""
