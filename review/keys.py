"""The keys of the reading room, as the sheet behind "?" lists them. Each is a button of the page too."""

VIEWER = (
    (("[", "]"), "Photo before, next photo (on Fit also the arrow keys)"),
    (("+", "-"), "Zoom in, out"),
    (("0",), "Fit"),
    (("1",), "One to one: a pixel of the photo is a pixel of the screen"),
    (("R",), "Turn by a quarter"),
    (("\u2190", "\u2191", "\u2192", "\u2193"), "Move what is zoomed"),
    (("C",), "Side by side, with the earlier photo of the same kind where there is one"),
    (("X",), "To the other side"),
    (("L",), "Zoom together, or each alone"),
    ((",", "."), "Darker, brighter"),
    ((";", "'"), "Less, more contrast"),
    (("Z",), "The true picture: takes brightness and contrast back"),
    (("I",), "How the photo was taken"),
    (("O",), "Show a photo of a sensitive place"),
)
MARKS = (
    (("A", "E", "T"), "Mark: arrow, outline, text (arrow keys move the cross, Enter sets a point, Esc stops)"),
    (("S",), "Mark a scale: the two ends of a known length"),
    (("M",), "Measure against the marked scale"),
    (("H",), "Hide the marks, show them"),
)
MOVING = (
    (("F",), "To the form"),
    (("Esc",), "From a field back to the photos"),
    (("Ctrl", "Enter"), "Check and sign, from a field too"),
    (("?",), "This sheet"),
)
KEYS = (*VIEWER, *MARKS, *MOVING)
