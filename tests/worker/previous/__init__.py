"""What an earlier release generated, as a deployment finds it beside this one."""
