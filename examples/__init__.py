"""Things to try: `demo` shows the main job, `shop` is the service in it."""
