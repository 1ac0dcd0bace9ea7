"""Why a grader gave a level: Grad-CAM, reasons, and whether the maps passed their checks."""
