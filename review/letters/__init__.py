"""Two letters from one signed record: the patient's in plain words, the referring clinician's in theirs.

facts -> compose (two contents) -> agreement (they say the same) -> making (files, once) -> a page or a PDF.
"""
