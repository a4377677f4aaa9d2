"""What a person says of a dispatch afterwards: send it again, or end a doubt."""
