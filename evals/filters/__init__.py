"""What makes a text unfit for training, each as a number that is kept beside the text."""
