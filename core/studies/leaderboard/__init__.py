"""One figure of many models on many data sets, and which of them lead: kept small, so that 1,600 are quick."""
