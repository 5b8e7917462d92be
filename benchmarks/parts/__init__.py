"""Where a run's processor time goes, by part."""
