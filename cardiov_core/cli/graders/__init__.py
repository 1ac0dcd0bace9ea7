"""Commands on graders and the data that they learn from: data, train, calibrate, evaluate, cases, models."""
