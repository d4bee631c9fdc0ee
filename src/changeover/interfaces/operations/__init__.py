"""What people can ask for, one file each: the command line and Python calls are thin on these."""
