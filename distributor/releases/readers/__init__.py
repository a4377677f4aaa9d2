"""Reading a release: from the bytes of whatever file a press office wrote to one draft."""
