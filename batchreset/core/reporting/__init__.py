"""What a report says of a run, as figures: nothing here reads, draws or writes."""
