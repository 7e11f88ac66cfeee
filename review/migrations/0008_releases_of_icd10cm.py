import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The table of codes begins anew, with several rows a code: `manage.py prepare` reads it in again."""

    dependencies = [
        ('review', '0007_pathology_as_a_file'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.DeleteModel(name='Icd10Code'),
        migrations.CreateModel(
            name='Icd10Code',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=8)),
                ('description', models.CharField(max_length=300)),
                ('billable', models.BooleanField()),
                ('release', models.CharField(max_length=20)),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(blank=True, null=True)),
                ('verified_until', models.DateField()),
                ('is_first', models.BooleanField(default=True)),
            ],
            options={
                'verbose_name': 'ICD-10-CM code',
                'ordering': ['code', 'valid_from'],
                'constraints': [models.UniqueConstraint(fields=('code', 'valid_from'), name='icd_code_begins_once_a_day'), models.UniqueConstraint(condition=models.Q(('valid_until__isnull', True)), fields=('code',), name='icd_code_stands_once'), models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='icd_code_ends_after_it_begins')],
            },
        ),
        migrations.CreateModel(
            name='Icd10Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=20, unique=True)),
                ('valid_from', models.DateField(unique=True)),
                ('verified_until', models.DateField()),
                ('codes', models.PositiveIntegerField()),
                ('added', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('ended', models.PositiveIntegerField(default=0)),
                ('file_sha256', models.CharField(blank=True, max_length=64)),
                ('loaded_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('loaded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='icd_releases', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-valid_from'],
                'constraints': [models.CheckConstraint(condition=models.Q(('verified_until__gte', models.F('valid_from'))), name='icd_release_ends_after_it_begins')],
            },
        ),
    ]
