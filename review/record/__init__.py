"""Everything the program keeps about one patient, as one ZIP that the patient makes and takes away."""
