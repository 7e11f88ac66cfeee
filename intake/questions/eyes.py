"""What is asked about an eye or a lid (key elements of s40123-021-00337-2 that a browser can ask)."""

from django.utils.translation import gettext_lazy as _

from intake.questions.types import HOW_MUCH, YES_NO, Option, Question, none, said

EYES: tuple[Question, ...] = (
    Question(
        "start",
        "Onset",
        _("How did it start?"),
        "one",
        (
            Option("sudden", _("All at once"), "sudden onset"),
            Option("slow", _("Bit by bit"), "gradual onset"),
            Option("unsure", _("Not sure"), "onset not sure"),
        ),
    ),
    Question(
        "vision",
        "Vision now",
        _("How well do you see with this eye now?"),
        "one",
        (
            Option("same", _("As well as always"), "vision as usual"),
            Option("little", _("A little worse"), "vision a little worse"),
            Option("much", _("Much worse"), "vision much worse"),
        ),
        hint=_("Cover the other eye. Wear your glasses if you have some."),
    ),
    Question(
        "pain",
        "Pain",
        _("Does the eye hurt?"),
        "one",
        (
            Option("no", _("No"), "no pain"),
            Option("itch", _("It itches or feels gritty"), "itching or gritty"),
            Option("some", _("Yes, some"), "some pain"),
            Option("bad", _("Yes, a lot"), "severe pain"),
        ),
    ),
    Question(
        "eye_signs",
        "Signs",
        _("What do you notice?"),
        "many",
        (
            Option("red", _("The eye is red"), "red eye"),
            Option("water", _("It waters"), "watering"),
            Option("pus", _("Yellow or green discharge"), "purulent discharge"),
            Option("light", _("Light hurts"), "photophobia"),
            Option("move", _("It hurts to move the eye"), "pain on eye movement"),
            Option("halos", _("Rings around lights"), "halos"),
            Option("swollen", _("The lid is swollen"), "lid swelling"),
            Option("lump", _("There is a lump on the lid"), "lid lump"),
            Option("rash", _("A rash on the face near the eye"), "rash near the eye"),
            none(),
        ),
        hint=_("Tick all that fit."),
    ),
    Question(
        "eye_cause",
        "Injury or work",
        _("Did something get into the eye, or hit it?"),
        "many",
        (
            Option("grinding", _("I was grinding, drilling or hammering"), "grinding or hammering"),
            Option("dust", _("Dust, sand or a plant"), "dust, sand or plant"),
            Option("hit", _("A light knock"), "minor blunt injury"),
            none(_("No")),
        ),
        hint=_("Tick all that fit."),
    ),
    Question("lenses", "Contact lenses", _("Do you wear contact lenses?"), "one", YES_NO[:2]),
    Question(
        "lens_use",
        "Contact lens habits",
        _("Which of these do you do?"),
        "many",
        (
            Option("sleep", _("I sleep in them"), "sleeps in lenses"),
            Option("water", _("I swim or shower in them"), "water contact with lenses"),
            Option("long", _("I wear them longer than I should"), "lenses worn too long"),
            none(),
        ),
        hint=_("Take the lenses out until you have the answer."),
        when=said("lenses", "yes"),
    ),
    Question(
        "eye_past",
        "Eye history",
        _("Do you have one of these?"),
        "many",
        (
            Option("glaucoma", _("Glaucoma (high eye pressure)"), "glaucoma"),
            Option("retina", _("A problem at the back of the eye"), "retinal disease"),
            Option("surgery", _("I had eye surgery"), "earlier eye surgery"),
            Option("diabetes", _("Diabetes"), "diabetes"),
            Option("autoimmune", _("Arthritis or a bowel or skin illness of the immune system"), "autoimmune disease"),
            none(),
        ),
        hint=_("Tick all that fit."),
    ),
    Question(
        "eye_tried",
        "Drops used",
        _("Which drops or creams have you used, and did they help?"),
        "text",
        hint=_("Write “nothing” when there is none."),
    ),
    Question(
        "head",
        "Headache, scalp or jaw",
        _("Do you have one of these too?"),
        "many",
        (
            Option("head", _("A new headache"), "new headache"),
            Option("scalp", _("My scalp hurts when I comb my hair"), "scalp tenderness"),
            Option("jaw", _("My jaw hurts when I chew"), "jaw claudication"),
            none(),
        ),
        when=lambda facts, answers: facts.age >= 50,
    ),
    Question("effect", "Effect on life", _("How much does it get in the way of your life?"), "one", HOW_MUCH),
)
