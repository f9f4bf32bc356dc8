"""Facedesk's engine: cameras, faces, enrolment, VGG16 training and recognition.

The engine never imports the user interface. Importing this package loads nothing heavy.
"""

__version__ = "0.1.0"
