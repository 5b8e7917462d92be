"""A discrete-event simulation of services that limit their callers, to judge a pacer in virtual time."""
