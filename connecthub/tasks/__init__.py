"""The queue: scheduler, dispatcher, worker."""
