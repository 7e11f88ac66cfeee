"""Every refusal: a code and a sentence that says what is wrong and what to do."""

from intake.imaging.types import Refused


def _(text: str) -> str:
    """Marks a sentence for translation, which happens where people are known: intake/wording.py."""
    return text


MESSAGES = {
    "empty": _("This file is empty. Choose the photo again."),
    "too_many_bytes": _(
        "This photo is {size:.1f} MB. The limit is 25 MB. Send it in a smaller size, or take it again with the camera here."
    ),
    "too_many_pixels": _("This photo has {megapixels:.1f} megapixels. The limit is 60. Send it in a smaller size."),
    "too_small": _(
        "This picture is only {width} by {height} pixels: nothing can be seen on it. Send the photo itself, not its small preview."
    ),
    "damaged": _("This photo is damaged: part of it is missing. Take the photo again, or choose another one."),
    "animation": _("This is a moving picture. Send a still photo. Take the photo again, or choose another one."),
    "gif": _(
        "This is a GIF. Send a photo from your camera (JPEG, PNG, WebP, HEIC or AVIF). Take the photo again, or choose another one."
    ),
    "video": _("This is a video. Send a photo. Take the photo again, or choose another one."),
    "pdf": _("This is a PDF document. Send the photo itself."),
    "tiff": _("This is a TIFF or raw camera file. Save it as JPEG and send that."),
    "bmp": _("This is a BMP picture. Save it as JPEG or PNG and send that."),
    "dicom": _("This is a DICOM file. Export the picture as JPEG and send that."),
    "jpeg2000": _("This is a JPEG 2000 picture. Save it as JPEG and send that."),
    "jpeg_xl": _("This is a JPEG XL picture. Save it as JPEG and send that."),
    "svg": _("This is a drawing or a web page, not a photo. Send the photo itself."),
    "archive": _("This is a packed folder or a document. Open it and send the photos one by one."),
    "not_a_photo": _("This is not a photo that we can read. Send a JPEG, PNG, WebP, HEIC or AVIF picture."),
    "too_hard": _(
        "This photo could not be opened safely. Save it as JPEG and send that. Take the photo again, or choose another one."
    ),
    "unreadable_file": _("This file cannot be opened: {why}."),
}


def refuse(reason: str, **facts: object) -> Refused:
    return Refused(reason, MESSAGES[reason].format(**facts), facts)
