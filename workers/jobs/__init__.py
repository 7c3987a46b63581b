"""What each task does: one module per task, named like the task, all in the wrapper of job.py."""
