"""What happens to footage, from the plan to the finished folder; knows nothing of prompts and prints nothing."""
