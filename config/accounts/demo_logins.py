"""The published demo logins, readable without the database."""

PASSWORD = "demo-only-2026"  # noqa: S105 published on purpose
LOGINS = (
    ("patient@demo.example", "Margaret Ellison, patient"),
    ("staff@demo.example", "Jo Alvarez, clinic staff"),
    ("referrer@demo.example", "Priya Nair, referring clinician"),
    ("dermatologist@demo.example", "Dana Whitfield, dermatologist"),
    ("ophthalmologist@demo.example", "Olga Petrov, ophthalmologist"),
    ("biller@demo.example", "Kay Lindqvist, biller"),
    ("admin@demo.example", "Ada Moreno, administrator"),
)
