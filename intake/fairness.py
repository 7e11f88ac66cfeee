"""Are the photo hints fair? How often a retake was suggested, and how often the photo was later found good enough
all the same, by its reader or by staff before one has read it, by skin tone, device and slot. A hint that is wrong more often for one tone is a fault of ours."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from intake.models import Photo, PhotoAdequacy

DAYS = 365
TONES = (
    (range(1, 4), "Light (Monk 1 to 3)"),
    (range(4, 8), "Medium (Monk 4 to 7)"),
    (range(8, 11), "Deep (Monk 8 to 10)"),
)
NOT_TOLD = "Not told"
FEW = 20  # photos; below it a share says little
UNFAIR = 1.25  # times the share over all


@dataclass(frozen=True)
class Line:
    """One group: its photos, those with a retake suggested, those kept anyway, and what readers or staff said of those suggested."""

    group: str
    photos: int
    suggested: int
    kept: int
    judged: int
    adequate: int

    @property
    def suggested_share(self) -> float:
        return self.suggested / self.photos if self.photos else 0.0

    @property
    def false_share(self) -> float | None:
        """Of the suggested ones that somebody has judged: adequate after all. None while nobody has judged one."""
        return self.adequate / self.judged if self.judged else None

    @property
    def is_few(self) -> bool:
        return self.photos < FEW


@dataclass(frozen=True)
class Table:
    key: str
    title: str
    lines: list[Line]


def tone_group(tone: int | None) -> str:
    return next((label for tones, label in TONES if tone in tones), NOT_TOLD)


def report(clinics) -> tuple[Line, list[Table]]:
    """Over all photos of these clinics in the last year: the whole, and the tables by tone, device and slot."""
    photos = list(
        Photo.objects.filter(
            case__clinic__in=clinics,
            work_status="done",
            refusal_reason="",
            received_at__gte=timezone.now() - timedelta(days=DAYS),
            case__seeded=False,
        ).values("quality_verdict", "kept_by_patient_at", "case__patient__skin_tone", "device_model", "slot", "pk")
    )
    # the review app hangs its rows on the photo; the names are all that this side knows of them
    by_reader = dict(
        Photo.objects.filter(case__clinic__in=clinics, adequacies__review__status="signed")
        .order_by("adequacies__review__signed_at")
        .values_list("pk", "adequacies__adequate")
    )
    by_staff = dict(
        PhotoAdequacy.objects.filter(photo__case__clinic__in=clinics).order_by("pk").values_list("photo_id", "verdict")
    )
    for photo in photos:
        # photo by photo: one word on a whole case says nothing of the one that was doubted
        photo["judged"] = by_reader.get(photo["pk"]) or _word(by_staff.get(photo["pk"]))
    groups: list[tuple[str, str, Callable[[dict], str]]] = [
        ("tone", "By skin tone, as patients told it", lambda photo: tone_group(photo["case__patient__skin_tone"])),
        ("device", "By device", lambda photo: photo["device_model"] or "Not known"),
        ("slot", "By kind of photo", lambda photo: photo["slot"].replace("_", " ").capitalize()),
    ]
    whole = _line("All", photos)
    return whole, [Table(key, title, _lines(photos, name)) for key, title, name in groups]


def _lines(photos: Iterable[dict], name: Callable[[dict], str]) -> list[Line]:
    grouped: dict[str, list[dict]] = defaultdict(list)
    for photo in photos:
        grouped[name(photo)].append(photo)
    return sorted((_line(key, mine) for key, mine in grouped.items()), key=lambda line: -line.photos)[:12]


def _word(verdict: str | None) -> str:
    """Staff's word on a photo in the words of its reader."""
    return {None: "", PhotoAdequacy.Verdict.RETAKE: "no"}.get(verdict, "yes")


def _line(group: str, photos: list[dict]) -> Line:
    suggested = [photo for photo in photos if photo["quality_verdict"] == Photo.Verdict.RETAKE]
    told = [photo["judged"] for photo in suggested if photo["judged"]]
    return Line(
        group,
        len(photos),
        len(suggested),
        sum(photo["kept_by_patient_at"] is not None for photo in suggested),
        len(told),
        sum(answer == "yes" for answer in told),
    )


def unfair_groups(whole: Line, table: Table) -> list[str]:
    """Groups, large enough to tell, whose retakes were needless clearly more often than over all."""
    if not whole.false_share:
        return []
    return [
        line.group
        for line in table.lines
        if line.false_share is not None and line.judged >= FEW and line.false_share > UNFAIR * whole.false_share
    ]
