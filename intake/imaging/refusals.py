"""Every refusal: a code and a sentence that says what is wrong and what to do."""

from intake.imaging.types import Refused

_AGAIN = "Take the photo again, or choose another one."

MESSAGES = {
    "empty": "This file is empty. Choose the photo again.",
    "too_many_bytes": "This photo is {size:.1f} MB. The limit is 25 MB. Send it in a smaller size, or take it again with the camera here.",
    "too_many_pixels": "This photo has {megapixels:.1f} megapixels. The limit is 60. Send it in a smaller size.",
    "too_small": "This picture is only {width} by {height} pixels: nothing can be seen on it. Send the photo itself, not its small preview.",
    "damaged": f"This photo is damaged: part of it is missing. {_AGAIN}",
    "animation": f"This is a moving picture. Send a still photo. {_AGAIN}",
    "gif": f"This is a GIF. Send a photo from your camera (JPEG, PNG, WebP, HEIC or AVIF). {_AGAIN}",
    "video": f"This is a video. Send a photo. {_AGAIN}",
    "pdf": "This is a PDF document. Send the photo itself.",
    "tiff": "This is a TIFF or raw camera file. Save it as JPEG and send that.",
    "bmp": "This is a BMP picture. Save it as JPEG or PNG and send that.",
    "dicom": "This is a DICOM file. Export the picture as JPEG and send that.",
    "jpeg2000": "This is a JPEG 2000 picture. Save it as JPEG and send that.",
    "jpeg_xl": "This is a JPEG XL picture. Save it as JPEG and send that.",
    "svg": "This is a drawing or a web page, not a photo. Send the photo itself.",
    "archive": "This is a packed folder or a document. Open it and send the photos one by one.",
    "not_a_photo": "This is not a photo that we can read. Send a JPEG, PNG, WebP, HEIC or AVIF picture.",
    "too_hard": f"This photo could not be opened safely. Save it as JPEG and send that. {_AGAIN}",
    "unreadable_file": "This file cannot be opened: {why}.",
}


def refuse(reason: str, **facts: object) -> Refused:
    return Refused(reason, MESSAGES[reason].format(**facts))
