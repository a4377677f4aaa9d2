"""From a release and press lists to recipients, and from recipients to verdicts."""
