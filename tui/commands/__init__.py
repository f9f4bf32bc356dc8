"""The commands of `facedesk`, one module a group; imported only when they run."""
