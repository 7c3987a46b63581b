"""What a task does, one module per task, named like the task."""
