"""What Partner Center itself records of resets (learn: get-a-record-of-partner-center-activity-by-user)."""
