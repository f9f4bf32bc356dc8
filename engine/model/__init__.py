"""VGG16 features, the face space, training recipes and the model store."""
