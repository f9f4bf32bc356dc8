"""Where frames come from: webcams, files, folders, streams and the demo's virtual camera."""
